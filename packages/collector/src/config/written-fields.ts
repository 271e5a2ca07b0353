/** Fields as Go's YAML decoder takes them: every scalar is text as it was written, and nothing (`scrape_timeout:`) is the default. */
import { duration, named, parsed } from '@vigie/core/config/fields';
import * as v from 'valibot';
import { parseBase2Size } from './base2-size.ts';

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

const wholeNumber = parsed('a whole number, 0 or more', (written) => {
  const value = Number(written);
  return /^\d+$/.test(written) && Number.isSafeInteger(value) ? value : undefined;
});

/** A whole number that is not negative, below 2^53. */
export function count(fallback: number) {
  return v.nullish(wholeNumber, fallback);
}

/** The same; nothing unless given. */
export const optionalCount = v.nullish(wholeNumber);

/** A number that is not negative; 0 unless given. */
export const factor = v.nullish(
  parsed('a number, 0 or more', (written) => {
    const value = Number(written);
    return written.trim() !== '' && Number.isFinite(value) && value >= 0 ? value : undefined;
  }),
  0,
);

/** A duration, in ms.
 *  @param fallback as it would be written */
export function wait(fallback: string) {
  return v.nullish(duration(), fallback);
}

/** Bytes; 0 unless given. */
export const base2Size = v.nullish(parsed('a size such as 64KiB, 10MB or 1GB, in powers of 1024', parseBase2Size), 0);

/** A URL of HTTP; undefined unless given. */
export const httpUrl = v.nullish(
  parsed('a URL of http or https', (written) => {
    const url = URL.canParse(written) ? new URL(written) : undefined;
    return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
  }),
);

/** One of these words, in their case. */
export function oneOf<const Options extends readonly string[]>(options: Options, fallback: Options[number]) {
  return v.nullish(v.picklist(options), fallback);
}
