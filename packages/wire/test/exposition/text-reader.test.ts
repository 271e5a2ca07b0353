import { readFileSync } from 'node:fs';
import { errorCode } from '@vigie/core/errors';
import { describe, expect, it } from 'vitest';
import { ExpositionError } from '../../src/exposition/exposition-error.ts';
import { OpenMetricsReader, PromReader } from '../../src/exposition/text-reader.ts';
import { bitsOf } from './bits.ts';

interface Case {
  readonly format: 'text' | 'openmetrics';
  /** Latin-1. */
  readonly body: string;
  readonly entries: readonly unknown[];
  readonly error?: string;
}

const cases = readFileSync(new URL('../../testdata/exposition/text.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): Case => JSON.parse(line));

const LIMITS = { lineBytes: 10_000, labels: 3 };

function readAll(format: 'text' | 'openmetrics', body: string, limits = LIMITS) {
  const bytes = Buffer.from(body, 'latin1');
  const reader =
    format === 'text'
      ? new PromReader(bytes, bytes.length, limits)
      : new OpenMetricsReader(bytes, bytes.length, limits);
  const entries: unknown[] = [];
  try {
    for (;;) {
      const kind = reader.next();
      if (kind === 'end') return { entries, error: undefined };
      if (kind === 'comment') entries.push([kind]);
      else if (kind !== 'series') entries.push([kind, reader.family, reader.text]);
      else {
        const { value, timestampMs, exemplar } = reader;
        const time = Number.isNaN(timestampMs) ? null : timestampMs;
        const shown = exemplar === undefined ? [] : [[bitsOf(exemplar.value), exemplar.timestampMs ?? null]];
        entries.push([kind, reader.labels(), bitsOf(value), time, ...shown]);
      }
    }
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error;
    return { entries, error: error.message };
  }
}

describe('the text formats', () => {
  it.each(cases)('are read as Prometheus reads them: $format $body', ({ format, body, entries, error }) => {
    const read = readAll(format, body);
    // Names that Prometheus' scraper refuses behind its parser are refused here.
    if (read.error?.startsWith('invalid metric name') || read.error?.startsWith('label name')) return;
    expect(read.error?.replace(/ \(line \d+\)$/, '')).toBe(error);
    expect(read.entries).toEqual(entries);
  });

  it.each([
    ['text', 'a 1\n\nb{x="\n"} 2\nc 3 x\n', /\(line 5\)$/],
    ['openmetrics', '# TYPE a gauge\na 1\nb\n', /\(line 3\)$/],
  ] as const)('name the line of an error: %s %j', (format, body, line) => {
    expect(readAll(format, body).error).toMatch(line);
  });

  it('refuse a label that is there twice, and names that are not UTF-8 or empty', () => {
    expect(readAll('text', 'a{b="1",b="2"} 1\n').error).toBe('label name "b" is not unique: invalid sample (line 1)');
    expect(readAll('text', '{"a\xff"} 1\n').error).toBe(
      'invalid metric name or label names: "{\\"a\\xff\\"} " (line 1)',
    );
    expect(readAll('text', '{"",b="1"} 1\n').error).toContain('invalid metric name');
  });

  it('unescape the labels of exemplars', () => {
    const body = Buffer.from('a 1 # {t="x\\"\\n"} 2 3.5\n# EOF\n');
    const reader = new OpenMetricsReader(body, body.length, LIMITS);
    reader.next();
    expect(reader.exemplar).toEqual({ labels: ['t', 'x"\n'], value: 2, timestampMs: 3500 });
  });

  it('hold limits on labels and on the length of a line', () => {
    for (const format of ['text', 'openmetrics'] as const) {
      for (const body of [
        'a{a="1",b="2",c="3",d="4"} 1\n',
        `a{b="${'x'.repeat(10_000)}"} 1\n`,
        `# HELP a ${'x'.repeat(10_000)}\n`,
      ]) {
        let code: string | undefined;
        try {
          readAll(format, body);
        } catch (error) {
          code = errorCode(error);
        }
        expect(code).toBe('WIRE_LIMIT_EXCEEDED');
      }
    }
    expect(readAll('text', 'a{a="1",b="2",c="3"} 1\n').error).toBeUndefined();
  });
});
