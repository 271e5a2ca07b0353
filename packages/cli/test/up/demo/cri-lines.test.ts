import { describe, expect, it } from 'vitest';
import { criTime, encodeCriLine, MAX_PIECE_BYTES } from '../../../src/up/demo/cri-lines.ts';

const TIME = '2026-11-21T10:00:00.000000000Z';

describe('encodeCriLine', () => {
  it('writes a short line as one full record', () => {
    expect(encodeCriLine(TIME, { stream: 'stderr', text: 'été' }).toString()).toBe(`${TIME} stderr F été\n`);
  });

  it('writes a line of exactly one piece as one full record', () => {
    const text = 'x'.repeat(MAX_PIECE_BYTES);
    expect(encodeCriLine(TIME, { stream: 'stdout', text }).toString()).toBe(`${TIME} stdout F ${text}\n`);
  });

  it('cuts a longer line into P pieces and a last F whose contents join to the line', () => {
    const text = 'é'.repeat(MAX_PIECE_BYTES + 10);
    const lines = splitLines(encodeCriLine(TIME, { stream: 'stdout', text }));
    const head = `${TIME} stdout P `.length;
    expect(lines.map((line) => line.subarray(TIME.length + 8, head).toString())).toEqual(['P ', 'P ', 'F ']);
    expect(Buffer.concat(lines.map((line) => line.subarray(head))).toString()).toBe(text);
  });
});

it('writes times with nine digits after the point', () => {
  expect(criTime(Date.UTC(2026, 10, 21, 10, 0, 0, 7), 42)).toBe('2026-11-21T10:00:00.007000042Z');
});

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf('\n'); end !== -1; end = bytes.indexOf('\n', start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
