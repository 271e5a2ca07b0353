/** What is said of a file while it is read: problems, which keep it from being used, and warnings of what it has no effect
 *  with, or another than is meant. */
import type { LoadedConfig } from './load.ts';
import { type ConfigPath, type ConfigProblem, formatPath } from './problem.ts';

export interface ConfigWarning {
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly path: ConfigPath;
  /** What is not done, and what to do instead. */
  readonly text: string;
}

/** `alertmanager.yml:12:3: warning: route.routes[0].matchers[0]: …` */
export function formatWarning({ file, line, column, path, text }: ConfigWarning): string {
  return `${file}:${line}:${column}: warning: ${formatPath(path)}: ${text}`;
}

type Positions = Pick<LoadedConfig<unknown>, 'problemAt' | 'problemAtKey'>;

export class Findings {
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigWarning[] = [];
  readonly #at: Positions;

  constructor(at: Positions) {
    this.#at = at;
  }

  /** The problem names what stands there: not for secrets.
   *  @param expected completes "expected …" */
  problem(path: ConfigPath, expected: string): void {
    this.problems.push(this.#at.problemAt(path, expected));
  }

  /** Of the key that ends the path, whose value is not named. */
  problemAtKey(path: ConfigPath, expected: string): void {
    this.problems.push(this.#at.problemAtKey(path, expected));
  }

  /** @param upstream what Prometheus or Alertmanager says of it */
  refuse(path: ConfigPath, expected: string, upstream: string): void {
    this.problem(path, `${expected} (${upstream})`);
  }

  /** As refuse, of a key that should not be there. */
  refuseKey(path: ConfigPath, expected: string, upstream: string): void {
    this.problemAtKey(path, `${expected} (${upstream})`);
  }

  /** Of a value that may be a secret. */
  problemOfHidden(path: ConfigPath, expected: string): void {
    this.problems.push({ ...this.#at.problemAtKey(path, expected), got: 'what is not shown, for it may be a secret' });
  }

  /** As refuse, of a value that may be a secret. */
  refuseHidden(path: ConfigPath, expected: string, upstream: string): void {
    this.problemOfHidden(path, `${expected} (${upstream})`);
  }

  /** Of the key that ends the path, or of the item of a list. */
  warn(path: ConfigPath, text: string): void {
    const { file, line, column } = this.#at.problemAtKey(path, '');
    this.warnings.push({ file, line, column, path, text });
  }
}

/** Where a part of a file is read: what is said of it goes to `findings`, paths of files are relative to `folder`. */
export interface ReadContext {
  readonly findings: Findings;
  /** Absolute: of the file that is read. */
  readonly folder: string;
}
