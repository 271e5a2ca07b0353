import { describe, expect, it } from 'vitest';
import { type LineSource, podLines } from '../../src/context/log-lines.ts';
import type { LastLinesQuery, LogLine } from '../../src/logs/log-source.ts';
import { lineOptions, logLine, NOW } from './contexts.ts';

const POD = { namespace: 'shop', pod: 'web-1', container: '' };
const never = new AbortController().signal;
const answering = (lines: readonly LogLine[]): LineSource => ({ lastLines: async () => lines });

describe('the log lines of a pod', () => {
  it('are asked for up to the time of the page', async () => {
    const queries: LastLinesQuery[] = [];
    const source: LineSource = {
      lastLines: async (query) => {
        queries.push(query);
        return [];
      },
    };
    expect(await podLines(POD, source, lineOptions(), NOW, never)).toEqual({
      kind: 'none',
      text: '(web-1 has written no log lines lately)',
    });
    expect(queries).toEqual([{ ...POD, untilMs: NOW, sinceMs: NOW - 900_000, limit: 10 }]);
  });

  it('have their time, oldest first', async () => {
    const lines = [logLine('starts', NOW - 61_000), logLine('stops', NOW)];
    expect(await podLines(POD, answering(lines), lineOptions(), NOW, never)).toEqual({
      kind: 'lines',
      text: '09:58:59 starts\n10:00:00 stops',
    });
  });

  it('are redacted, also where a secret lies over the end of what is shown', async () => {
    const secret = 'someone@example.com';
    for (const before of [0, 380, 390, 395]) {
      const lines = [logLine(`${' x'.repeat(before / 2)} login of ${secret} failed`)];
      const { text } = await podLines(POD, answering(lines), lineOptions(), NOW, never);
      expect(text).not.toContain('someone');
    }
  });

  it('have no control characters, colours or turned text', async () => {
    const lines = [logLine('\u001b[31mfailed\u001b[0m\r\n\tat x\u202eevil\u0000')];
    expect((await podLines(POD, answering(lines), lineOptions(), NOW, never)).text).toBe('10:00:00 failed at x evil');
  });

  it('are the newest that there is room for, in lines, bytes and length of each', async () => {
    const lines = Array.from({ length: 50 }, (_, index) => logLine(`line ${index} ${'ü'.repeat(40)}`));
    const { text } = await podLines(POD, answering(lines), lineOptions({ lines: 20, sizeBytes: 500 }), NOW, never);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(500);
    expect(text.split('\n').map((line) => line.slice(14, 16))).toEqual(['45', '46', '47', '48', '49']);
    const long = await podLines(POD, answering([logLine('y'.repeat(5000))]), lineOptions(), NOW, never);
    expect(long.text).toBe(`10:00:00 ${'y'.repeat(400)}…`);
  });

  it('are missing where the store fails, and the page says why, without secrets', async () => {
    const source: LineSource = { lastLines: () => Promise.reject(new Error('refused for me@example.com\nat x')) };
    expect(await podLines(POD, source, lineOptions(), NOW, never)).toEqual({
      kind: 'failed',
      text: '(no log lines: refused for [email] at x)',
    });
  });

  it('are not waited for beyond the signal, though the store does not listen to it', async () => {
    const ending = new AbortController();
    const asked = podLines(POD, { lastLines: () => new Promise(() => undefined) }, lineOptions(), NOW, ending.signal);
    ending.abort(new Error('nobody has answered within 2s'));
    expect(await asked).toEqual({ kind: 'failed', text: '(no log lines: nobody has answered within 2s)' });
  });
});
