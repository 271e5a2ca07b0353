/** `${NAME}` and `${NAME:-default}` in the values of a configuration file. */

/** What Docker Compose and the shell agree on; anything else after a `$`, such as `${1}` in a replacement, stays. */
const REFERENCE = /\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

export type Environment = Readonly<Record<string, string | undefined>>;

/** In place of an environment, for files in a format of others: a `${NAME}` in them means something else. A number or boolean stays
 *  the text that it was written as, for Go's decoders take one where they want text: `version: 1.10` is not 1.1. */
export const AS_WRITTEN = 'as-written';

/** For formats of others with the environment in them all the same: text as AS_WRITTEN has it, and references in it expanded, but not below
 *  `literalKeys`, where `${name}` is a group of a regular expression or has a rule of its own. */
export class WrittenReading {
  readonly environment: Environment;
  readonly literalKeys: ReadonlySet<string>;

  constructor(environment: Environment, literalKeys: readonly string[]) {
    this.environment = environment;
    this.literalKeys = new Set(literalKeys);
  }
}

export type ValueReading = Environment | typeof AS_WRITTEN | WrittenReading;

export interface Expansion {
  readonly text: string;
  /** Names referred to without a default that are not set. */
  readonly missing: readonly string[];
}

/** Replaces references once: what a variable holds is not expanded again. As in the shell, `:-` also replaces an empty
 *  value. `$${NAME}` is the way to write `${NAME}`.
 *  @returns undefined when the text refers to nothing */
export function expandEnvironment(text: string, environment: Environment): Expansion | undefined {
  if (!text.includes('${')) return undefined;
  const missing: string[] = [];
  let found = false;
  const expanded = text.replace(REFERENCE, (reference: string, escaped: string, name: string, fallback?: string) => {
    found = true;
    if (escaped !== '') return reference.slice(1);
    const value = environment[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined) missing.push(name);
    return value ?? '';
  });
  return found ? { text: expanded, missing } : undefined;
}
