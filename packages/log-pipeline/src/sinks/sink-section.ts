/** What every sink's section in the configuration may say. */
import { duration, filePath, integer, section, size, text } from '@vigie/core/config/fields';
import * as v from 'valibot';
import { bufferSection } from '../buffer/section.ts';
import { DOCUMENT_FORMATS } from '../encode/document.ts';

/** @param maxBytes default of `max_bytes` */
export function batchEntry(maxBytes: string) {
  return v.optional(
    section({
      /** A request's size before compression. */
      max_bytes: v.optional(size({ min: 16 * 1024, max: 64 * 1024 * 1024 }), maxBytes),
      /** How long a request waits for more records. */
      timeout: v.optional(duration({ min: 1, max: 60_000 }), '200ms'),
    }),
    {},
  );
}

export const sinkEntries = {
  /** Sources and transforms whose records come here. */
  inputs: v.pipe(v.array(text()), v.minLength(1, 'at least one source or transform')),
  /** Elasticsearch advises 5-15 MB; our socket is cheapest at 4 MiB. */
  batch: batchEntry('4MiB'),
  /** Requests under way at once, of each source; each takes a body's memory. */
  max_in_flight: v.optional(integer({ min: 1, max: 32 }), 2),
  /** Waits between attempts: random, at most `initial` at first, doubled each time up to `max`. */
  retry: v.optional(
    v.pipe(
      section({
        initial: v.optional(duration({ min: 1, max: 60_000 }), '500ms'),
        max: v.optional(duration({ min: 1, max: 3_600_000 }), '30s'),
      }),
      v.check(({ initial, max }) => initial <= max, 'initial at most max'),
    ),
    {},
  ),
  /** Records wait on the disk while the sink is down or slow. */
  buffer: v.optional(bufferSection),
  dead_letter: v.optional(
    section({
      path: filePath(),
      max_size: v.optional(size({ min: 4096 }), '100MiB'),
      keep: v.optional(integer({ min: 0, max: 1000 }), 5),
    }),
  ),
};

/** What those say too that write JSON documents. */
export const documentEntries = {
  format: v.optional(v.picklist(DOCUMENT_FORMATS), 'ecs'),
};
