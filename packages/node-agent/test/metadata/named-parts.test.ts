import { transformSchema } from '@vigie/log-pipeline/agent/transform-config';
import { createTransform } from '@vigie/log-pipeline/agent/transforms';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { createParser, isMultilineName, isParserName, multilineNamed } from '../../src/metadata/named-parts.ts';

const section = (written: object) => v.parse(transformSchema, { inputs: ['pods'], ...written });
const SECTIONS = {
  mine: section({ type: 'parse_json', target: 'app' }),
  quiet: section({ type: 'filter', condition: { stream: 'stderr' } }),
  traces: section({ type: 'multiline', preset: 'java' }),
  parts: section({ type: 'route', route: { errors: { stream: 'stderr' } } }),
};

const typeOf = (name: string, dialect: 'vigie' | 'fluentbit' = 'vigie'): string | undefined =>
  createParser(SECTIONS, createTransform, { name, dialect })?.type;

describe('a parser that an annotation names', () => {
  test.each([
    ['json', 'parse_json'],
    ['logfmt', 'parse_logfmt'],
    ['auto', 'parse_auto'],
    ['nginx', 'parse_regex'],
    ['apache', 'parse_regex'],
    ['klog', 'parse_regex'],
    ['syslog', 'parse_regex'],
    ['envoy', 'parse_regex'],
    ['mine', 'parse_json'],
    ['quiet', 'filter'],
  ])('%s is %s', (name, type) => {
    expect(isParserName(SECTIONS, { name, dialect: 'vigie' })).toBe(true);
    expect(typeOf(name)).toBe(type);
  });

  test.each([
    'traces',
    'parts',
    'nosuch',
    'apache2',
    'cri',
    'constructor',
    '__proto__',
  ])('%s stands for nothing', (name) => {
    expect(isParserName(SECTIONS, { name, dialect: 'vigie' })).toBe(false);
    expect(typeOf(name)).toBeUndefined();
  });

  test.each([
    ['apache2', 'parse_regex'],
    ['k8s-nginx-ingress', 'parse_regex'],
    ['syslog-rfc5424', 'parse_regex'],
    ['json', 'parse_json'],
    // Taken off in any case.
    ['cri', undefined],
    ['docker', undefined],
  ])("%s of Fluent Bit's own file is %s", (name, type) => {
    expect(isParserName(SECTIONS, { name, dialect: 'fluentbit' })).toBe(true);
    expect(typeOf(name, 'fluentbit')).toBe(type);
  });
});

describe('a multiline rule that an annotation names', () => {
  test.each(['java', 'python', 'go', 'node', 'ruby', 'dotnet', 'traces'])('%s is known', (name) => {
    expect(isMultilineName(SECTIONS, name)).toBe(true);
    expect(multilineNamed(SECTIONS, name)?.stdout).toBeDefined();
  });

  test.each(['mine', 'cobol', 'constructor'])('%s is not', (name) => {
    expect(isMultilineName(SECTIONS, name)).toBe(false);
    expect(multilineNamed(SECTIONS, name)).toBeUndefined();
  });
});
