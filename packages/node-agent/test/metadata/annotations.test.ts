import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ANNOTATION_KEYS,
  type AnnotationKey,
  type ContainerAnnotations,
  DEFAULT_ALLOWED,
  isLogAnnotation,
  readAnnotations,
} from '../../src/metadata/annotations.ts';

const CONTAINERS = ['web', 'sidecar', 'a-b'];

function read(
  annotations: Record<string, string>,
  container = 'web',
  allowed: readonly AnnotationKey[] = ANNOTATION_KEYS,
): ContainerAnnotations {
  const { of, problems } = readAnnotations(annotations, CONTAINERS, new Set(allowed));
  expect(problems).toEqual([]);
  return of(container);
}

const problemsOf = (annotations: Record<string, string>, allowed: readonly AnnotationKey[] = DEFAULT_ALLOWED) =>
  readAnnotations(annotations, CONTAINERS, new Set(allowed)).problems.map(
    ({ reason, annotation }) => `${reason} ${annotation}`,
  );

describe('annotations', () => {
  test('say what they say for every container and stream', () => {
    expect(
      read({
        'vigie.io/exclude': 'false',
        'vigie.io/parser': 'nginx',
        'vigie.io/multiline': 'java',
        'vigie.io/rate-limit': '100Ki',
        'vigie.io/sample': '0.25',
        'vigie.io/sink': 'es, loki',
      }),
    ).toEqual({
      exclude: { stdout: false, stderr: false },
      parser: {
        stdout: { name: 'nginx', dialect: 'vigie' },
        stderr: { name: 'nginx', dialect: 'vigie' },
      },
      multiline: { stdout: 'java', stderr: 'java' },
      sample: { stdout: 0.25, stderr: 0.25 },
      rateLimit: { bytesPerSecond: 102_400, ofContainer: false },
      sinks: ['es', 'loki'],
    });
  });

  test('say nothing where there are none', () => {
    const none = { stdout: undefined, stderr: undefined };
    expect(read({ 'example.com/owner': 'me' })).toEqual({
      exclude: none,
      parser: none,
      multiline: none,
      sample: none,
      rateLimit: undefined,
      sinks: undefined,
    });
  });

  test('of the keys that fit, the longest counts', () => {
    const annotations = {
      'vigie.io/parser': 'any',
      'vigie.io/parser_stderr': 'err',
      'vigie.io/parser-sidecar': 'side',
      'vigie.io/parser_stderr-sidecar': 'side-err',
    };
    const names = (container: string): unknown => {
      const { stdout, stderr } = read(annotations, container).parser;
      return [stdout?.name, stderr?.name];
    };
    expect(names('web')).toEqual(['any', 'err']);
    expect(names('sidecar')).toEqual(['side', 'side-err']);
    expect(names('a-b')).toEqual(['any', 'err']);
  });

  test('a container whose name has a dash', () => {
    expect(read({ 'vigie.io/rate-limit-a-b': '1Mi' }, 'a-b').rateLimit).toEqual({
      bytesPerSecond: 1 << 20,
      ofContainer: true,
    });
    expect(read({ 'vigie.io/rate-limit-a-b': '1Mi' }).rateLimit).toBeUndefined();
    expect(read({ 'vigie.io/exclude_stdout-a-b': 'true' }, 'a-b').exclude).toEqual({ stdout: true, stderr: undefined });
  });

  test("Fluent Bit's and Filebeat's are honoured, ours count more", () => {
    expect(read({ 'fluentbit.io/exclude': 'True' }).exclude).toEqual({ stdout: true, stderr: true });
    expect(read({ 'fluentbit.io/exclude_stderr-web': 'on' }).exclude).toEqual({ stdout: undefined, stderr: true });
    expect(read({ 'fluentbit.io/parser_stdout-web': 'apache' }).parser.stdout).toEqual({
      name: 'apache',
      dialect: 'fluentbit',
    });
    expect(read({ 'co.elastic.logs/enabled': 'false' }).exclude).toEqual({ stdout: true, stderr: true });
    expect(read({ 'co.elastic.logs/enabled': 'true' }).exclude).toEqual({ stdout: false, stderr: false });
    expect(read({ 'co.elastic.logs.sidecar/enabled': 'false' }, 'sidecar').exclude.stdout).toBe(true);
    expect(read({ 'co.elastic.logs.sidecar/enabled': 'false' }).exclude.stdout).toBeUndefined();
    expect(
      read({
        'vigie.io/exclude': 'false',
        'fluentbit.io/exclude_stdout-web': 'true',
        'co.elastic.logs/enabled': 'false',
      }).exclude,
    ).toEqual({ stdout: false, stderr: false });
  });

  test('what the operator does not allow is a problem, and does nothing', () => {
    expect(problemsOf({ 'vigie.io/sink': 'es' })).toEqual(['not_allowed vigie.io/sink']);
    const { of, problems } = readAnnotations(
      { 'fluentbit.io/exclude': 'true', 'vigie.io/exclude': 'true', 'co.elastic.logs/enabled': 'false' },
      CONTAINERS,
      new Set(['parser']),
    );
    expect(problems.map(({ reason }) => reason)).toEqual(['not_allowed', 'not_allowed', 'not_allowed']);
    expect(of('web').exclude).toEqual({ stdout: undefined, stderr: undefined });
  });

  test.each([
    [{ 'vigie.io/exlude': 'true' }, 'unknown_key vigie.io/exlude'],
    [{ 'vigie.io/exclude_stdin': 'true' }, 'unknown_key vigie.io/exclude_stdin'],
    [{ 'vigie.io/rate-limit_stdout': '1Ki' }, 'unknown_key vigie.io/rate-limit_stdout'],
    [{ 'vigie.io/parser-nginx': 'nginx' }, 'unknown_container vigie.io/parser-nginx'],
    [{ 'vigie.io/exclude': 'yes' }, 'invalid_value vigie.io/exclude'],
    [{ 'vigie.io/sample': '1.5' }, 'invalid_value vigie.io/sample'],
    [{ 'vigie.io/sample': '10%' }, 'invalid_value vigie.io/sample'],
    [{ 'vigie.io/sample': '' }, 'invalid_value vigie.io/sample'],
    [{ 'vigie.io/sample': '-0.1' }, 'invalid_value vigie.io/sample'],
    [{ 'vigie.io/rate-limit': '0' }, 'invalid_value vigie.io/rate-limit'],
    [{ 'vigie.io/rate-limit': 'fast' }, 'invalid_value vigie.io/rate-limit'],
    [{ 'vigie.io/parser': 'x'.repeat(256 * 1024) }, 'invalid_value vigie.io/parser'],
    [{ 'vigie.io/multiline': 'a b' }, 'invalid_value vigie.io/multiline'],
  ])('a mistake is told: %j', (annotations, problem) => {
    expect(problemsOf(annotations as unknown as Record<string, string>)).toEqual([problem]);
  });

  test('a problem says what was expected', () => {
    const { problems } = readAnnotations({ 'vigie.io/sample': 'all' }, CONTAINERS, new Set(ANNOTATION_KEYS));
    expect(problems[0]?.expected).toBe('the share that is kept, from 0 to 1, such as 0.1');
  });

  test('whatever a pod says, it is read or told', () => {
    const key = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom('vigie.io/', 'fluentbit.io/'), fc.constantFrom(...ANNOTATION_KEYS), fc.string())
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.dictionary(key, fc.string({ unit: 'binary' })), fc.string(), (annotations, container) => {
        const { of, problems } = readAnnotations(annotations, CONTAINERS, new Set(DEFAULT_ALLOWED));
        const { sample, sinks } = of(container);
        expect(sinks).toBeUndefined();
        expect(sample.stdout ?? 0).toBeLessThanOrEqual(1);
        expect(problems.every(({ annotation }) => isLogAnnotation(annotation))).toBe(true);
      }),
    );
  });
});
