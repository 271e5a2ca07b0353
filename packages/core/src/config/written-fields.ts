/** Fields as Go's YAML decoder takes them: every scalar is text as it was written, and nothing (`scrape_timeout:`) is the default. */
import * as v from 'valibot';
import { named, parsed } from './fields.ts';

/** '' unless given. */
export const optionalText = v.nullish(v.string(), '');

/** @param fallback where the key is absent; without a value it is '' */
export function textOr(fallback: string) {
  return v.pipe(
    v.optional(v.nullable(v.string()), fallback),
    v.transform((text) => text ?? ''),
  );
}

export const textList = v.nullish(v.array(optionalText), []);

/** A mapping of text to text. */
export const textMap = v.nullish(named(optionalText), {});

const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;

const boolean = parsed('true or false', (written) =>
  TRUE.test(written) ? true : FALSE.test(written) ? false : undefined,
);

export function flag(fallback: boolean) {
  return v.nullish(boolean, fallback ? 'true' : 'false');
}

/** undefined: what a section above says. */
export const optionalFlag = v.nullish(boolean);
