/** What modules of several probers have. */
import { isIP } from 'node:net';
import { flag } from '@vigie/core/config/written-fields';
import { compileRegex, RegexError, regexProblem } from '@vigie/core/regex';
import * as v from 'valibot';
import type { AddressChoice } from '../probe/probe-module.ts';

/** Compiled; what is wrong with it is told in Go's words. */
export const regex = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return compileRegex(dataset.value);
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      addIssue({ message: `a regular expression (${regexProblem(dataset.value) ?? error.message})` });
      return NEVER;
    }
  }),
);
export const regexes = v.nullish(v.array(regex), []);

/** Of this host; '' unless given. */
export const sourceAddress = v.nullish(
  v.pipe(
    v.string(),
    v.check((written) => written === '' || isIP(written) !== 0, 'an address of this host'),
  ),
  '',
);

export const addressEntries = {
  preferred_ip_protocol: v.nullish(v.picklist(['ip4', 'ip6', '']), ''),
  ip_protocol_fallback: flag(true),
};
export function addressChoice(written: {
  readonly preferred_ip_protocol: 'ip4' | 'ip6' | '';
  readonly ip_protocol_fallback: boolean;
}): AddressChoice {
  return { preferred: written.preferred_ip_protocol || 'ip6', fallback: written.ip_protocol_fallback };
}
