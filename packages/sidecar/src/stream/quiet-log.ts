/** The sidecar's own log: few JSON lines, on a stderr that is a log stream of the pod itself. pino would take 2 MB. */
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import type { Log, LogFields } from '@vigie/core/log';
import { LOG_LEVELS, type LogLevel } from '@vigie/core/log-levels';

/** @param write takes one line, newline included; it must not throw */
export function createQuietLog(level: LogLevel, clock: Clock, write: (line: string) => void): Log {
  return quietLog(LOG_LEVELS.indexOf(level), clock, write, {});
}

function quietLog(lowest: number, clock: Clock, write: (line: string) => void, constant: LogFields): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(level) < lowest) return;
      const { error, ...rest } = { ...constant, ...fields };
      const line = {
        level,
        time: new Date(clock.nowMs()).toISOString(),
        ...rest,
        ...(error === undefined ? {} : { error: describeError(error) }),
        message,
      };
      write(`${JSON.stringify(line)}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => quietLog(lowest, clock, write, { ...constant, ...fields }),
  };
}
