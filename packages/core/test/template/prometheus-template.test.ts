import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { QuerySample } from '../../src/template/prometheus-functions.ts';
import {
  alertData,
  alertTemplate,
  type Expansion,
  PrometheusTemplate,
} from '../../src/template/prometheus-template.ts';

interface Row {
  readonly source: string;
  readonly output?: string;
  readonly error?: string;
}

const rows = readFileSync(new URL('../../testdata/prometheus/templates.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): Row => JSON.parse(line));

const never = new AbortController().signal;
const URL_OF_SERVER = 'http://vigie.example:9090/a/path?x';
const DATA = alertData(
  new Map([
    ['instance', 'web:80'],
    ['job', 'node'],
  ]),
  new Map([['region', 'eu']]),
  URL_OF_SERVER,
  1234.5,
);

const UP: readonly QuerySample[] = [
  { labels: new Map(Object.entries({ __name__: 'up', instance: 'b', job: '1' })), value: 11 },
  { labels: new Map(Object.entries({ __name__: 'up', instance: 'a', job: '2', __value__: 'v' })), value: 21.5 },
];

function expansion(asked: string[] = []): Expansion {
  return {
    timestampMs: 1_435_065_584_128,
    externalUrl: URL_OF_SERVER,
    query: async (expression) => {
      asked.push(expression);
      if (expression === 'bad') throw new Error('parse error: bad');
      return expression === 'up' ? UP : [];
    },
  };
}

async function expand(source: string): Promise<Omit<Row, 'source'>> {
  try {
    return { output: await alertTemplate('x', source).expand(DATA, expansion(), never) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : '' };
  }
}

/** Regular expressions are refused in the words of another library. */
const ownWords = (text: string | undefined): string | undefined =>
  text?.replace(/error calling match: .*/s, 'error calling match');

describe("Prometheus' templates", () => {
  it.each(rows)('are expanded as Prometheus does: $source', async ({ source, output, error }) => {
    const own = await expand(source);
    expect({ ...own, ...(own.error === undefined ? {} : { error: ownWords(own.error) }) }).toEqual(
      error === undefined ? { output } : { error: ownWords(error) },
    );
  });

  it('ask once for each expression, however often it stands there', async () => {
    const asked: string[] = [];
    const source = '{{range query "up"}}{{query "up" | len}}{{query (printf "x%s" .Labels.job) | len}}{{end}}';
    const text = await new PrometheusTemplate('t', source).expand(DATA, expansion(asked), never);
    expect([text, asked]).toEqual(['2020', ['up', 'x1', 'x2']]);
  });

  it('ask no more than a hundred questions', async () => {
    const source = '{{range 101}}{{query (print .) | len}}{{end}}';
    await expect(new PrometheusTemplate('t', source).expand(DATA, expansion(), never)).rejects.toThrow(
      'error calling query: more than 100 queries in one template',
    );
  });

  it('end with their signal', async () => {
    const abort = new AbortController();
    const query = async (): Promise<readonly QuerySample[]> => {
      abort.abort(new Error('shut down'));
      throw new Error('cut off');
    };
    const expanding = new PrometheusTemplate('t', '{{query "up"}}').expand(
      DATA,
      { ...expansion(), query },
      abort.signal,
    );
    await expect(expanding).rejects.toThrow('cut off');
    await expect(new PrometheusTemplate('t', 'x').expand(DATA, expansion(), abort.signal)).rejects.toThrow('shut down');
  });

  it('show a histogram by its text', async () => {
    const data = alertData(new Map(), new Map(), '', '{count:3, sum:4}');
    expect(await alertTemplate('x', '{{$value}}').expand(data, expansion(), never)).toBe('{count:3, sum:4}');
  });
});
