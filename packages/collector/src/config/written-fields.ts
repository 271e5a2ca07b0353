/** Fields as Go's YAML decoder takes them: every scalar is text as it was written, and nothing (`scrape_timeout:`) is the default. */
import { duration, parsed } from '@vigie/core/config/fields';
import * as v from 'valibot';
import { parseBase2Size } from './base2-size.ts';

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
