/** `buffer:` of a sink's section in the configuration. */
import { filePath, section, size } from '@vigie/core/config/fields';
import * as v from 'valibot';

/** The oldest segment can be dropped, and the newest grow, while others are on their way. */
export const LEAST_BATCHES = 4;

export const bufferSection = section({
  type: v.literal('disk'),
  /** A folder of its own; default DATA_DIR/buffers/SINK. */
  path: v.optional(filePath()),
  max_size: size({ min: LEAST_BATCHES * 16 * 1024 }),
  /** `block` stops reading; `drop_oldest` makes room for newer records, and counts. */
  when_full: v.optional(v.picklist(['block', 'drop_oldest']), 'block'),
});

export type BufferConfig = v.InferOutput<typeof bufferSection>;
