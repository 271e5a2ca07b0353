/** Keeps what happens thousands of times a second from filling the log. Apart from log.ts, so that who brings a log of its
 *  own does not load pino. */
import type { Clock } from './clock.ts';
import type { Log, LogFields, LogLevel } from './log.ts';

/** Long enough that a fault on every request leaves a readable log, short enough to see that it lasts. */
const REPEAT_INTERVAL_MS = 10_000;
/** Messages are constant text, of which a program has fewer. */
const MAX_REMEMBERED = 1000;

/** A log for places where the same thing may happen thousands of times a second: of each message and level one line
 *  per 10 s is written, and says in `suppressed` how many were left out before it. */
export function limitRepeats(log: Log, clock: Clock): Log {
  return limited(log, clock, new Map());
}

interface Repeats {
  loggedAtMs: number;
  suppressed: number;
}

function limited(log: Log, clock: Clock, seen: Map<string, Repeats>): Log {
  const write = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    const key = `${level} ${message}`;
    const nowMs = clock.monotonicMs();
    const repeats = seen.get(key);
    if (repeats !== undefined && nowMs - repeats.loggedAtMs < REPEAT_INTERVAL_MS) {
      repeats.suppressed++;
      return;
    }
    if (repeats === undefined && seen.size >= MAX_REMEMBERED) seen.clear();
    const suppressed = repeats?.suppressed ?? 0;
    log[level](message, suppressed === 0 ? fields : { ...fields, suppressed });
    seen.set(key, { loggedAtMs: nowMs, suppressed: 0 });
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    child: (fields) => limited(log.child(fields), clock, seen),
  };
}
