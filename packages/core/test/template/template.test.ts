import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorCode } from '../../src/errors.ts';
import type { MissingKey } from '../../src/template/execute.ts';
import { Template, type TemplateOptions } from '../../src/template/template.ts';
import { GoFunction, GoList, type Value } from '../../src/template/values.ts';
import { GO_DATA, GO_FUNCTIONS } from './go-data.ts';
import { SOURCES } from './sources.ts';

interface Outcome {
  readonly output?: string;
  readonly error?: string;
}

/** What Go says; `zero` and `error` where they differ from `default`. */
type Row = { readonly source: string; readonly default: Outcome } & Readonly<Partial<Record<MissingKey, Outcome>>>;

const rows = readFileSync(new URL('../../testdata/go/templates.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): Row => JSON.parse(line));

function run(source: string, options: TemplateOptions = {}, data: Value = GO_DATA): Outcome {
  try {
    return { output: new Template('t', { functions: GO_FUNCTIONS, ...options }).parse(source).execute(data) };
  } catch (error) {
    if (!errorCode(error)?.startsWith('TEMPLATE_')) throw error;
    return { error: error instanceof Error ? error.message : '' };
  }
}

describe('templates', () => {
  it.each(rows)('do what they do in Go: $source', (row) => {
    for (const missingKey of ['default', 'zero', 'error'] as const) {
      expect({ missingKey, ...run(row.source, { missingKey }) }).toEqual({
        missingKey,
        ...(row[missingKey] ?? row.default),
      });
    }
  });

  it('are the ones that Go was asked about', () => {
    expect(rows.map(({ source }) => source)).toEqual(SOURCES);
  });

  it('take other delimiters', () => {
    const delimiters = { left: '<<', right: '>>' };
    expect(run('{{x}} <<- .Whole ->> <</* c */>>', { delimiters })).toEqual({ output: '{{x}}17' });
  });

  it('are gathered from several sources, of which a later one replaces an earlier', () => {
    const template = new Template('main')
      .parse('{{template "a"}}{{template "b"}}')
      .parse('{{define "a"}}1{{end}}', 'first.tmpl');
    template.parse('{{define "a"}}2{{end}}{{define "b"}}3{{end}}', 'second.tmpl');
    expect(template.execute(undefined)).toBe('23');
    expect(template.defined.toSorted()).toEqual(
      ['a', 'b', 'first.tmpl', 'main', 'second.tmpl'].filter((name) => template.defined.includes(name)),
    );
    expect(template.execute(undefined, undefined, 'a')).toBe('2');
    expect(() => template.execute(undefined, undefined, 'c')).toThrow(
      'no template "c" associated with template "main"',
    );
    expect(() => template.parse('{{', 'third.tmpl')).toThrow('template: third.tmpl:1: unclosed action');
    expect(template.execute(undefined)).toBe('23');
  });

  it('are executed with functions of the moment', () => {
    const asked = (answer: string) => new Map([['ask', new GoFunction([], () => answer)]]);
    const template = new Template('t', { functions: asked('then') }).parse('{{ask}}');
    expect([template.execute(undefined), template.execute(undefined, asked('now'))]).toEqual(['then', 'now']);
  });

  it('let defects of functions through as they are', () => {
    const functions = new Map([
      [
        'broken',
        new GoFunction([], () => {
          throw new TypeError('a defect');
        }),
      ],
    ]);
    expect(() => new Template('t', { functions }).parse('{{broken}}').execute(undefined)).toThrow(TypeError);
  });

  it.each([
    ['{{range 1000000000}}{{end}}', 'exceeded 10000 steps'],
    ['{{range 500}}{{range 500}}{{$x := 1}}{{end}}{{end}}', 'exceeded 10000 steps'],
    ['{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', 'exceeded maximum template depth (20)'],
    ['{{range 300}}1234567890{{end}}', 'exceeded 1000 bytes of output'],
    [`{{$x := "ab"}}${'{{$x = print $x $x}}'.repeat(60)}`, 'exceeded 1000 bytes of output'],
    ['{{printf "%999999d" 1}}', 'exceeded 1000 bytes of output'],
    [`${'('.repeat(600)}1`, 'max expression depth exceeded'],
    ['{{if 1}}'.repeat(600), 'max nesting depth exceeded'],
  ])('stop where they would go on too long: %s', (source, message) => {
    const limits = { outputBytes: 1000, depth: 20, steps: 10_000 };
    const text = source.startsWith('(') ? `{{${source}}}` : source;
    expect(run(text, { limits }).error).toContain(message);
  });

  it('show lists that a function gives by their type', () => {
    const data = new GoList(['a'], '[]string');
    expect(run('{{range .}}{{.}}{{end}} {{printf "%T" .}}', {}, data)).toEqual({ output: 'a []string' });
  });
});
