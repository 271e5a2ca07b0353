import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { MAX_PIECE_BYTES, type OutputLine } from '../../../src/up/demo/cri-lines.ts';
import { invoiceWorker } from '../../../src/up/demo/invoice-worker.ts';
import { shopApi } from '../../../src/up/demo/shop-api.ts';
import { webServer } from '../../../src/up/demo/web-server.ts';
import type { DemoWorkload } from '../../../src/up/demo/workload.ts';

const START_MS = Date.UTC(2026, 10, 21, 10, 0, 0);
const MINUTES = 10;

/** Output of a workload over ten minutes of its own time. */
function run(make: (random: () => number) => DemoWorkload, seed: number): OutputLine[] {
  const workload = make(seededRandom(seed));
  const lines: OutputLine[] = [];
  for (let nowMs = START_MS; nowMs < START_MS + MINUTES * 60_000; ) {
    const output = workload.next(nowMs);
    lines.push(...output.lines);
    nowMs += output.pauseMs;
  }
  return lines;
}

const web = run(webServer, 1);
const api = run(shopApi, 2);
const worker = run(invoiceWorker, 3);

describe('the demo', () => {
  it('writes at a pace that a person can follow: 20 to 50 lines a second together', () => {
    const perSecond = (web.length + api.length + worker.length) / (MINUTES * 60);
    expect(perSecond).toBeGreaterThan(20);
    expect(perSecond).toBeLessThan(50);
  });

  it('is the same again from the same seed', () => {
    expect(run(webServer, 1)).toEqual(web);
  });

  it('never writes a newline within a line', () => {
    expect([...web, ...api, ...worker].filter(({ text }) => text.includes('\n'))).toEqual([]);
  });
});

it('the web server logs in combined format, with an error on stderr before each 502', () => {
  const access =
    /^10\.\d+\.\d+\.\d+ - - \[21\/Nov\/2026:10:0\d:\d\d \+0000] "GET \/\S* HTTP\/1\.1" \d{3} \d+ "-" "[^"]+" rt=\d\.\d{3}$/;
  const stdout = web.filter(({ stream }) => stream === 'stdout');
  expect(stdout.filter(({ text }) => !access.test(text))).toEqual([]);
  const badGateways = stdout.filter(({ text }) => text.includes('" 502 '));
  expect(badGateways.length).toBeGreaterThan(0);
  expect(web.length - stdout.length).toBe(badGateways.length);
});

it('the API logs one JSON object a line, its errors on stderr with a stack', () => {
  const records = api.map(({ stream, text }) => ({ stream, fields: JSON.parse(text) }));
  expect(new Set(records.map(({ fields }) => fields.level))).toEqual(new Set(['info', 'warn', 'error']));
  for (const { stream, fields } of records) {
    expect(stream).toBe(fields.level === 'error' ? 'stderr' : 'stdout');
    if (fields.level === 'error') expect(fields.error.stack).toContain('\n    at ');
  }
});

it('the worker logs stack traces and lines that the runtime must cut', () => {
  expect(worker.some(({ text }) => text.startsWith('\tat com.example.'))).toBe(true);
  expect(worker.some(({ text }) => text.length > 2 * MAX_PIECE_BYTES)).toBe(true);
});
