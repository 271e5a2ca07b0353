/** The program's own log as notes on the screen: lines of JSON in between would tear it. */
import { describeError } from '@vigie/core/errors';
import type { Log, LogFields } from '@vigie/core/log';
import type { Notes } from './notes.ts';
import type { Note } from './screen.ts';

export function noteLog(notes: Notes, fields: LogFields = {}): Log {
  const write =
    (level: Note['level']) =>
    (message: string, more: LogFields = {}) =>
      notes.add({ level, text: [message, ...Object.entries({ ...fields, ...more }).map(formatField)].join(' ') });
  return {
    debug: () => undefined,
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => noteLog(notes, { ...fields, ...more }),
  };
}

function formatField([key, value]: [string, unknown]): string {
  if (value instanceof Error) return `${key}="${describeError(value)}"`;
  return `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
}
