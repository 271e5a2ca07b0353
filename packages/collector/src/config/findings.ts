/** What is said of a file while it is read: problems, which keep it from being used, and warnings of what it has no effect with. */
import type { LoadedConfig } from '@vigie/core/config/load';
import { type ConfigPath, type ConfigProblem, formatPath } from '@vigie/core/config/problem';

export interface ConfigWarning {
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly path: ConfigPath;
  /** What is not done, and what to do instead. */
  readonly text: string;
}

/** `prometheus.yml:12:3: warning: alerting.alertmanagers: …` */
export function formatWarning({ file, line, column, path, text }: ConfigWarning): string {
  return `${file}:${line}:${column}: warning: ${formatPath(path)}: ${text}`;
}

export class Findings {
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigWarning[] = [];
  readonly #at: Pick<LoadedConfig<unknown>, 'problemAt' | 'problemAtKey'>;

  constructor(at: Pick<LoadedConfig<unknown>, 'problemAt' | 'problemAtKey'>) {
    this.#at = at;
  }

  /** @param expected completes "expected …" */
  problem(path: ConfigPath, expected: string): void {
    this.problems.push(this.#at.problemAt(path, expected));
  }

  /** Of the key itself that ends the path. */
  problemAtKey(path: ConfigPath, expected: string): void {
    this.problems.push(this.#at.problemAtKey(path, expected));
  }

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
