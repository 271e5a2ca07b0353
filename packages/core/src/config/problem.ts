/** What is wrong with a configuration file, and where. */
import { VigieError } from '../errors.ts';

/** Keys and list indices from the root of the document. */
export type ConfigPath = readonly (string | number)[];

export interface ConfigProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  readonly path: ConfigPath;
  /** Completes "expected …". */
  readonly expected: string;
  /** Completes "got …". */
  readonly got: string;
}

/** Every problem of one or more files, in the order of their lines. */
export class ConfigError extends VigieError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const ordered = problems.toSorted((a, b) => compareFiles(a, b) || a.line - b.line || a.column - b.column);
    super('CONFIG_INVALID', ordered.map(formatProblem).join('\n'));
    this.problems = ordered;
  }
}

/** Of a URL with a user, all that may be the password; it may hold an @ or a slash, and the text may be cut before its end.
 *  A port is none. */
const URL_PASSWORD = /(:\/\/[^\s:"/@]*:)(?!\d{1,5}(?:["/?#\s]|$))(?:[^\s"]*@|[^\s"]*)/g;

/** `agent.yaml:3:9: sinks.es.type: expected "file" or "http", got "fle"`, without passwords of URLs. */
export function formatProblem(problem: ConfigProblem): string {
  const path = formatPath(problem.path);
  const where = `${problem.file}:${problem.line}:${problem.column}: ${path === '' ? '' : `${path}: `}`;
  return `${where}expected ${problem.expected}, got ${problem.got.replace(URL_PASSWORD, '$1***@')}`;
}

/** `sinks.es.endpoints[0]`; the root is the empty text. */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

function compareFiles(a: ConfigProblem, b: ConfigProblem): number {
  return a.file < b.file ? -1 : Number(a.file > b.file);
}
