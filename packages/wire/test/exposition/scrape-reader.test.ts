import { readFileSync } from 'node:fs';
import { type Random, seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { DROPPED, type Scrape } from '../../src/exposition/scrape.ts';
import { ScrapeReader, type ScrapeReaderOptions } from '../../src/exposition/scrape-reader.ts';
import type { SeriesLabels } from '../../src/exposition/series-labels.ts';
import { SEEDED } from '../seeded.ts';

/** Numbers series as a store would; those called `dropped` are not wanted. */
class Series {
  readonly names: string[] = [];
  calls = 0;

  resolve = (labels: SeriesLabels): number => {
    this.calls++;
    const key = JSON.stringify(labels);
    if (key.includes('"dropped')) return DROPPED;
    const known = this.names.indexOf(key);
    return known >= 0 ? known : this.names.push(key) - 1;
  };
}

function rowsOf({ count, refs, values, timestampsMs, startTimestampsMs }: Scrape) {
  return Array.from({ length: count }, (_, row) => [refs[row], values[row], timestampsMs[row], startTimestampsMs[row]]);
}

type Outcome = ReturnType<typeof outcomeOf>;

function outcomeOf(reader: ScrapeReader, body: string, format: 'text' | 'openmetrics') {
  try {
    const scrape = reader.read(Buffer.from(body), format);
    const { exemplars, droppedCount, gone } = scrape;
    return { rows: rowsOf(scrape), exemplars, droppedCount, gone: [...gone].sort((a, b) => a - b), error: undefined };
  } catch (error) {
    return { rows: [], exemplars: [], droppedCount: 0, gone: [], error: String(error) };
  }
}

const VALUES = [
  '0',
  '1',
  '-1.5',
  '42',
  '1e3',
  '4.2991616e+07',
  '123456789012345678',
  '0.1234567890123456',
  'NaN',
  '+Inf',
  '1e-310',
  '.5',
  '-0',
];
const NAMES = ['up', 'a_total', 'a_created', 'h_bucket', 'h_count', 'h_created', 's', 'dropped', '{"dotted.name"}'];
const LABELS = [
  '',
  '{}',
  '{x="1"}',
  '{x="2",y="é\\n"}',
  '{le="1"}',
  '{le="1e0"}',
  '{quantile="0.50"}',
  '{ x = "3" }',
  '{x="multi\nline"}',
];
const NOTES = [
  '# TYPE h histogram\n',
  '# TYPE a counter\n',
  '# TYPE s summary\n',
  '# HELP up is it\n',
  '# TYPE up gauge\n',
];

class Bodies {
  readonly #random: Random;
  readonly #format: 'text' | 'openmetrics';
  #lines: string[] = [];

  constructor(random: Random, format: 'text' | 'openmetrics') {
    this.#random = random;
    this.#format = format;
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)]!;
  }

  #line(): string {
    if (this.#random() < 0.25) return this.#pick(NOTES);
    const name = this.#pick(NAMES);
    const labels = name.startsWith('{') ? '' : this.#pick(LABELS);
    return `${name}${labels} `;
  }

  /** The last body, with some lines gone, new or elsewhere, and every value another. */
  next(): string {
    for (let edits = Math.floor(this.#random() * 4) - (this.#lines.length === 0 ? -8 : 1); edits > 0; edits--) {
      const at = Math.floor(this.#random() * (this.#lines.length + 1));
      const kind = this.#random();
      if (kind < 0.5) this.#lines.splice(at, 0, this.#line());
      else if (kind < 0.7) this.#lines.splice(at, 1 + Math.floor(this.#random() * 3));
      else if (kind < 0.9)
        this.#lines.splice(at, 0, ...this.#lines.splice(Math.floor(this.#random() * this.#lines.length), 3));
      else this.#lines = this.#lines.concat(this.#lines.slice(0, at));
    }
    const text = this.#lines.map((line) => (line.endsWith('\n') ? line : this.#withValue(line))).join('');
    if (this.#format === 'openmetrics') return `${text}# EOF${this.#random() < 0.5 ? '\n' : ''}`;
    return this.#random() < 0.2 ? text.trimEnd() : text;
  }

  #withValue(line: string): string {
    const value = this.#random() < 0.02 ? 'x' : this.#pick(VALUES);
    const kind = this.#random();
    if (this.#format === 'text') {
      const blank = kind < 0.05 ? ' \t' : '';
      const time = kind > 0.8 ? ` ${Math.floor(this.#random() * 2e12)}` : '';
      return `${line}${blank}${value}${time}${kind > 0.4 && kind < 0.42 ? '\n' : ''}\n`;
    }
    const time = kind > 0.9 ? ' 1520879607.789' : '';
    return `${line}${value}${time}${kind < 0.1 ? ' # {t="1"} 2 3.5' : ''}\n`;
  }
}

describe('reading scrape after scrape', () => {
  it.each(['text', 'openmetrics'] as const)('gives what reading each for the first time gives: %s', (format) => {
    for (let seed = 0; seed < 150; seed++) {
      const random = seededRandom(SEEDED.seed + seed);
      const bodies = new Bodies(random, format);
      const series = new Series();
      const created: NonNullable<ScrapeReaderOptions['created']> = seed % 2 === 0 ? 'start_times' : 'series';
      const reader = new ScrapeReader({ resolve: series.resolve, created });
      let last: Outcome['rows'] = [];
      for (let scrape = 0; scrape < 12; scrape++) {
        const body = bodies.next();
        const warm = outcomeOf(reader, body, format);
        const cold = outcomeOf(new ScrapeReader({ resolve: series.resolve, created }), body, format);
        const there = new Set(cold.rows.map(([ref]) => ref));
        const gone = new Set(last.map(([ref]) => ref).filter((ref) => !there.has(ref)));
        const expected = cold.error === undefined ? [...gone].sort((a = 0, b = 0) => a - b) : [];
        expect(warm, `seed ${SEEDED.seed + seed}, scrape ${scrape}: ${JSON.stringify(body)}`).toEqual({
          ...cold,
          gone: expected,
        });
        if (cold.error === undefined) last = cold.rows;
      }
    }
  });

  it('asks for a series once, and not again while its line is there', () => {
    const series = new Series();
    const reader = new ScrapeReader({ resolve: series.resolve });
    const body = (value: number) =>
      `${Array.from({ length: 300 }, (_, index) => `m{i="${index}"} ${value + index}\n`).join('')}`;
    reader.read(Buffer.from(body(1)), 'text');
    expect(series.calls).toBe(300);
    const { values, count } = reader.read(Buffer.from(body(7)), 'text');
    expect([count, values[299], series.calls]).toEqual([300, 306, 300]);
    // Upside down, all but the first are found by what they say.
    const turned = `${body(3).trimEnd().split('\n').reverse().join('\n')}\n`;
    expect(rowsOf(reader.read(Buffer.from(turned), 'text'))[0]).toEqual([299, 302, Number.NaN, 0]);
    expect(series.calls).toBeLessThan(300 + 100);
  });

  it('tells new metadata only', () => {
    const reader = new ScrapeReader({ resolve: new Series().resolve });
    const read = (body: string) => reader.read(Buffer.from(body), 'text').metadata;
    expect(read('# HELP a b\n# TYPE a gauge\na 1\n')).toEqual([
      { family: 'a', kind: 'help', text: 'b' },
      { family: 'a', kind: 'type', text: 'gauge' },
    ]);
    expect(read('# HELP a b\n# TYPE a gauge\na 2\n')).toEqual([]);
    expect(read('# HELP a c\n# TYPE a gauge\na 2\n')).toEqual([{ family: 'a', kind: 'help', text: 'c' }]);
  });

  it('keeps the last scrape when one fails', () => {
    const series = new Series();
    const reader = new ScrapeReader({ resolve: series.resolve });
    reader.read(Buffer.from('a 1\nb 2\n'), 'text');
    expect(() => reader.read(Buffer.from('b 1\nnew 1\na x\n'), 'text')).toThrow('(line 3)');
    expect(reader.refs).toEqual([0, 1]);
    expect(reader.read(Buffer.from('a 1\n'), 'text').gone).toEqual([1]);
    reader.clear();
    expect(reader.refs).toEqual([]);
  });

  it('finds what is gone when a target changes its format', () => {
    const series = new Series();
    const reader = new ScrapeReader({ resolve: series.resolve });
    reader.read(Buffer.from('a 1\nb 2\n'), 'text');
    const scrape = reader.read(Buffer.from('b 1\nc 1\n# EOF\n'), 'openmetrics');
    expect([rowsOf(scrape).map(([ref]) => ref), scrape.gone]).toEqual([[1, 2], [0]]);
  });

  it('gives start times to the samples of a metric', () => {
    const reader = new ScrapeReader({ resolve: new Series().resolve, created: 'start_times' });
    const body = Buffer.from(
      '# TYPE h histogram\nh_bucket{x="1",le="1"} 1\nh_count{x="1"} 1\nh_created{x="1"} 1.5\n' +
        'h_count{x="2"} 1\nh_created{x="3"} 9\n# TYPE g gauge\ng 1\ng_created 4\n# EOF\n',
    );
    for (let scrape = 0; scrape < 2; scrape++) {
      const rows = rowsOf(reader.read(body, 'openmetrics'));
      expect(rows.map(([, , , start]) => start)).toEqual([1500, 1500, 0, 0, 0]);
    }
  });

  it('reads Protocol Buffers, whose series stay known too', () => {
    const [, counters = '', , , native = ''] = readFileSync(
      new URL('../../testdata/exposition/families.jsonl', import.meta.url),
      'utf8',
    ).split('\n');
    const bodyOf = (line: string): Buffer => Buffer.from(String(Reflect.get(JSON.parse(line), 'body')), 'base64');
    const series = new Series();
    const reader = new ScrapeReader({ resolve: series.resolve });
    const first = reader.read(bodyOf(counters), 'protobuf');
    expect([first.count, first.exemplars.length, first.metadata.length]).toEqual([2, 1, 5]);
    const both = reader.read(Buffer.concat([bodyOf(counters), bodyOf(native)]), 'protobuf');
    expect([both.count, both.histograms.length, both.metadata.length, series.calls]).toEqual([2, 1, 2, 3]);
    expect(reader.read(bodyOf(native), 'protobuf').gone).toEqual([0, 1]);
  });

  it('holds limits on the body and on samples', () => {
    const limits = { bodyBytes: 100, samples: 3, lineBytes: 100, labels: 2 };
    const read = (body: string): unknown =>
      new ScrapeReader({ resolve: () => 0, limits }).read(Buffer.from(body), 'text');
    expect(() => read('a 1\n'.repeat(4))).toThrow('more than 3 samples');
    expect(() => read(`#${'x'.repeat(100)}`)).toThrow('more than 100 bytes in a body');
    expect(() => read('a 1\n'.repeat(3))).not.toThrow();
  });
});
