/** Runs a long-lived part of Vigie as a process: start, reload on SIGHUP, drain on SIGTERM, and an exit code. */
import type { Clock, Timer } from './clock.ts';
import { errorCode } from './errors.ts';
import { collectWhenIdle } from './idle-memory.ts';
import type { Log } from './log.ts';

/** 0: done. 1: failed at run time. 2: bad usage or configuration. */
export type ExitCode = 0 | 1 | 2;

export interface Component {
  /** Resolves once it works; rejects when it cannot.
   *  @param signal aborts when the process is to end before that */
  start(signal: AbortSignal): Promise<void>;
  /** Resolves when the work has ended by itself, as with `--once`; never, for a part that runs until it is told to end. */
  readonly finished?: Promise<ExitCode>;
  /** Takes up its configuration again; a bad one rejects and leaves the old one running. May be called while it runs
   *  (see coalesce). */
  reload?(): Promise<void>;
  /** Finishes what is in flight, at most for graceMs, and gives everything back. Called once, also after a start that
   *  has failed. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

type ProcessSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** The part of `process` that is needed. */
export interface SignalSource {
  on(signal: ProcessSignal, listener: () => void): unknown;
  off(signal: ProcessSignal, listener: () => void): unknown;
  exit(code: ExitCode): void;
}

export interface RunOptions {
  /** For draining; Kubernetes kills 30 s after SIGTERM unless told otherwise. */
  readonly graceMs: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly process: SignalSource;
}

/** What a component may take beyond its grace time, to write state and close files. */
const CLOSE_MARGIN_MS = 3000;

/** Runs the component until it has finished, or SIGTERM or SIGINT has drained it; a second signal exits at once.
 *  @returns the exit code, once the component has closed; every failure has been logged */
export async function runComponent(component: Component, options: RunOptions): Promise<ExitCode> {
  const { log, process } = options;
  const ending = new AbortController();
  const reload = (): void => {
    if (component.reload === undefined) return;
    component.reload().then(
      () => log.info('reloaded'),
      (error: unknown) => log.error('not reloaded, the old configuration stays', { error }),
    );
  };
  const end = (signal: ProcessSignal) => () => {
    if (ending.signal.aborted) {
      log.warn('second signal, exiting at once', { signal });
      process.exit(1);
      return;
    }
    log.info('draining', { signal, graceMs: options.graceMs });
    ending.abort(new DOMException(`the process received ${signal}`, 'AbortError'));
  };
  const listeners = [
    ['SIGTERM', end('SIGTERM')],
    ['SIGINT', end('SIGINT')],
    ['SIGHUP', reload],
  ] as const;
  for (const [signal, listener] of listeners) process.on(signal, listener);
  const collecting = collectWhenIdle(options.clock);
  try {
    const code = await untilEnd(component, ending.signal, log);
    collecting.cancel();
    const closed = await close(component, options);
    return closed ? code : 1;
  } finally {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  }
}

async function untilEnd(component: Component, ending: AbortSignal, log: Log): Promise<ExitCode> {
  const ended = new Promise<ExitCode>((resolve) => {
    ending.addEventListener('abort', () => resolve(0), { once: true });
  });
  try {
    await component.start(ending);
    return await Promise.race([ended, component.finished ?? ended]);
  } catch (error) {
    if (ending.aborted) return 0;
    log.error('stopped by an error', { error });
    return errorCode(error)?.startsWith('CONFIG_') === true ? 2 : 1;
  }
}

async function close(component: Component, { graceMs, log, clock }: RunOptions): Promise<boolean> {
  let deadline: Timer | undefined;
  const overdue = new Promise<false>((resolve) => {
    deadline = clock.setTimer(graceMs + CLOSE_MARGIN_MS, () => {
      log.error('not closed in time; what was in flight is sent again after the next start');
      resolve(false);
    });
  });
  try {
    return await Promise.race([component.close({ graceMs }).then(() => true), overdue]);
  } catch (error) {
    log.error('not closed cleanly', { error });
    return false;
  } finally {
    deadline?.cancel();
  }
}
