/** Configurations that mean the same have one text. */
import type { Regex } from '@vigie/core/regex';

export function configText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (isRegex(part) ? part.source : part)) ?? '';
}

/** Its tables are not looked at: they are large. */
function isRegex(value: unknown): value is Regex {
  return typeof value === 'object' && value !== null && 'source' in value && 'automaton' in value;
}
