import { existsSync, readFileSync } from 'node:fs';
import { at, numberAt, stringAt } from './rest.ts';

/** One line of a dead-letter file. */
export interface DeadLetterLine {
  readonly sink: string;
  readonly status: number;
  readonly error: string;
  readonly message: string;
}

/** All lines of a dead-letter file; none while there is no file. */
export function readDeadLetters(path: string): readonly DeadLetterLine[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const letter: unknown = JSON.parse(line);
      return {
        sink: stringAt(letter, 'sink'),
        status: numberAt(letter, 'status'),
        error: stringAt(letter, 'error'),
        message: String(at(letter, 'record', 'message')),
      };
    });
}
