/** The program's own log: JSON lines on stderr, written before the call returns, so that the last line before a crash is
 *  there. */
import pino from 'pino';
import { describeError } from './errors.ts';
import type { LogLevel } from './log-levels.ts';

export type { LogLevel };

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
