import { describe, expect, it } from 'vitest';
import { createLog, type Log } from '../src/log.ts';

function captured(level: 'debug' | 'warn' = 'debug'): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  return { log: createLog(level, { write: (line) => lines.push(JSON.parse(line)) }), lines };
}

describe('createLog', () => {
  it('writes JSON lines with level, time, message and fields', () => {
    const { log, lines } = captured();
    log.child({ sink: 'es' }).warn('request failed', { status: 503 });
    expect(lines).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        sink: 'es',
        status: 503,
        message: 'request failed',
      },
    ]);
  });

  it('writes an error as its messages, causes included', () => {
    const { log, lines } = captured();
    log.error('cannot send', { error: new Error('outer', { cause: new Error('inner') }) });
    expect(lines[0]).toMatchObject({ error: 'outer: inner', message: 'cannot send' });
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = captured('warn');
    log.info('quiet');
    log.error('loud');
    expect(lines.map(({ message }) => message)).toEqual(['loud']);
  });
});
