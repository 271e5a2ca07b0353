/** Relabel rules for tests, as a configuration would have them. */
import { DEFAULT_REGEX, relabelRegex } from '../../src/relabel/relabel-regex.ts';
import type { RelabelRule } from '../../src/relabel/relabel-rule.ts';

export interface WrittenRule extends Partial<Omit<RelabelRule, 'regex'>> {
  readonly regex?: string;
}

export function rule({ regex = DEFAULT_REGEX, ...written }: WrittenRule): RelabelRule {
  return {
    action: 'replace',
    sourceLabels: [],
    separator: ';',
    targetLabel: '',
    replacement: '$1',
    modulus: 0,
    ...written,
    regex: relabelRegex(regex),
  };
}
