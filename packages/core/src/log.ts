/** The program's own log: JSON lines on stderr, written before the call returns, so that the last line before a crash is
 *  there. */
import pino from 'pino';
import type { Clock } from './clock.ts';
import { describeError } from './errors.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `error` is written as its message and the messages of its causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Messages are constant text; what differs between two lines of a kind stands in the fields.
 *  Levels by what they mean to the operator: error = data is lost or somebody must act, warn = it heals by itself. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds these fields to each line. */
  child(fields: LogFields): Log;
}

export interface LogDestination {
  write(line: string): void;
}

/** @param destination stderr unless given */
export function createLog(level: LogLevel, destination?: LogDestination): Log {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: describeError },
  };
  return wrap(pino(options, destination ?? pino.destination({ fd: 2, sync: true })));
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields, message),
    info: (message, fields) => logger.info(fields, message),
    warn: (message, fields) => logger.warn(fields, message),
    error: (message, fields) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}

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
