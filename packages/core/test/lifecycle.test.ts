import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { VigieError } from '../src/errors.ts';
import { FakeClock } from '../src/fake-clock.ts';
import { type Component, type ExitCode, runComponent } from '../src/lifecycle.ts';
import { createLog } from '../src/log.ts';

class FakeProcess extends EventEmitter {
  readonly exits: ExitCode[] = [];
  exit(code: ExitCode): void {
    this.exits.push(code);
  }
}

function run(component: Partial<Component>) {
  const clock = new FakeClock();
  const signals = new FakeProcess();
  const messages: string[] = [];
  const calls: string[] = [];
  const log = createLog('debug', { write: (line) => messages.push(JSON.parse(line).message) });
  const whole: Component = {
    start: async () => void calls.push('start'),
    close: async ({ graceMs }) => void calls.push(`close ${graceMs}`),
    ...component,
  };
  const exitCode = runComponent(whole, { graceMs: 25_000, log, clock, process: signals });
  return { exitCode, signals, clock, messages, calls };
}

describe('runComponent', () => {
  it.each(['SIGTERM', 'SIGINT'])('drains on %s and exits 0', async (signal) => {
    const { exitCode, signals, clock, calls } = run({});
    await clock.advance(0);
    signals.emit(signal);
    expect(await exitCode).toBe(0);
    expect(calls).toEqual(['start', 'close 25000']);
    expect(signals.eventNames()).toEqual([]);
  });

  it('ends by itself with the exit code of work that has finished', async () => {
    const { exitCode, calls } = run({ finished: Promise.resolve(1) });
    expect(await exitCode).toBe(1);
    expect(calls).toEqual(['start', 'close 25000']);
  });

  it('closes after a start that failed: 1, or 2 when the configuration is at fault', async () => {
    const failed = run({ start: () => Promise.reject(new VigieError('LISTEN_FAILED', 'cannot listen')) });
    expect(await failed.exitCode).toBe(1);
    expect(failed.calls).toEqual(['close 25000']);
    const misconfigured = run({ start: () => Promise.reject(new VigieError('CONFIG_INVALID', 'bad')) });
    expect(await misconfigured.exitCode).toBe(2);
  });

  it('gives up a start when a signal comes, and exits 0', async () => {
    const { exitCode, signals, clock } = run({
      start: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    await clock.advance(0);
    signals.emit('SIGTERM');
    expect(await exitCode).toBe(0);
  });

  it('exits at once on a second signal', async () => {
    const { signals, clock } = run({ close: () => new Promise(() => undefined) });
    await clock.advance(0);
    signals.emit('SIGTERM');
    expect(signals.exits).toEqual([]);
    signals.emit('SIGINT');
    expect(signals.exits).toEqual([1]);
  });

  it('exits 1 when closing fails or takes too long', async () => {
    const failing = run({ finished: Promise.resolve(0), close: () => Promise.reject(new Error('disk full')) });
    expect(await failing.exitCode).toBe(1);
    expect(failing.messages).toContain('not closed cleanly');

    const hanging = run({ finished: Promise.resolve(0), close: () => new Promise(() => undefined) });
    await hanging.clock.advance(0);
    expect(hanging.clock.pendingTimers).toBe(1);
    await hanging.clock.advance(28_000);
    expect(await hanging.exitCode).toBe(1);
  });

  it('reloads on SIGHUP and goes on when that fails', async () => {
    let reloads = 0;
    const { exitCode, signals, clock, messages } = run({
      reload: async () => {
        reloads++;
        if (reloads === 2) throw new Error('bad file');
      },
    });
    await clock.advance(0);
    signals.emit('SIGHUP');
    await clock.advance(0);
    signals.emit('SIGHUP');
    await clock.advance(0);
    expect(messages).toEqual(['reloaded', 'not reloaded, the old configuration stays']);
    signals.emit('SIGTERM');
    expect(await exitCode).toBe(0);
  });
});
