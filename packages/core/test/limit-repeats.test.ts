import { describe, expect, it } from 'vitest';
import { FakeClock } from '../src/fake-clock.ts';
import { limitRepeats } from '../src/limit-repeats.ts';
import { createLog } from '../src/log.ts';

describe('limitRepeats', () => {
  it('writes one line of a kind per interval and counts the rest', async () => {
    const lines: Record<string, unknown>[] = [];
    const log = createLog('debug', { write: (line) => lines.push(JSON.parse(line)) });
    const clock = new FakeClock();
    const limited = limitRepeats(log, clock);
    for (let i = 0; i < 1000; i++) limited.warn('cannot read', { attempt: i });
    limited.child({ file: 'b' }).warn('cannot read');
    limited.error('cannot read');
    await clock.advance(10_000);
    limited.warn('cannot read', { attempt: 1000 });
    expect(lines).toMatchObject([
      { level: 'warn', attempt: 0 },
      { level: 'error' },
      { level: 'warn', attempt: 1000, suppressed: 1000 },
    ]);
  });
});
