/** The file of `vigie sidecar stream --config`. Loaded only where there is one: with its libraries it takes more memory than
 *  the rest of an idle sidecar. */
import type { Environment } from '@vigie/core/config/environment';
import { duration, integer, section, size, text } from '@vigie/core/config/fields';
import { listen } from '@vigie/core/config/listen';
import { loadConfig } from '@vigie/core/config/load';
import { LOG_LEVELS } from '@vigie/core/log-levels';
import * as v from 'valibot';
import { ROTATE_MODES, ROTATE_SIGNALS } from './rotate/rotation.ts';
import { MIN_ROTATE_BYTES, PREFIXES, READ_FROM, type StreamOptions } from './settings.ts';

const patterns = v.optional(v.array(text()), []);

/** Keys as in the command line, with `_` in place of `-`. */
export const streamSchema = section({
  files: patterns,
  stderr: patterns,
  exclude: patterns,
  prefix: v.optional(v.picklist(PREFIXES), 'none'),
  data_dir: v.optional(text()),
  listen: v.optional(
    v.union([v.literal('off'), listen()], '"off", HOST:PORT, or a mapping with address, tls and auth'),
  ),
  read_from: v.optional(v.picklist(READ_FROM), 'beginning'),
  max_line_bytes: v.optional(size({ min: 1024, max: 16 * 1024 * 1024 }), '1MiB'),
  max_open_files: v.optional(integer({ min: 1, max: 100_000 }), 128),
  deleted_bytes_limit: v.optional(size(), '64MiB'),
  rotate: v.optional(size({ min: MIN_ROTATE_BYTES })),
  keep: v.optional(integer({ min: 0, max: 1_000 }), 1),
  rotate_mode: v.optional(v.picklist(ROTATE_MODES), 'create'),
  rotate_signal: v.optional(v.picklist(ROTATE_SIGNALS), 'HUP'),
  rotate_signal_to: v.optional(text()),
  reconcile_interval: v.optional(duration({ min: 100, max: 3_600_000 }), '10s'),
  checkpoint_interval: v.optional(duration({ min: 10, max: 60_000 }), '1s'),
  shutdown_grace: v.optional(duration({ max: 3_600_000 }), '25s'),
  drain_quiet: v.optional(duration({ max: 600_000 }), '1s'),
  until: v.optional(text()),
  until_exit: v.optional(text()),
  log_level: v.optional(v.picklist(LOG_LEVELS), 'warn'),
});

export type StreamFile = v.InferOutput<typeof streamSchema>;

/** @throws {ConfigError} with every problem; {VigieError} CONFIG_UNREADABLE */
export async function loadStreamConfig(file: string, environment: Environment): Promise<Partial<StreamOptions>> {
  return streamOptions((await loadConfig(file, streamSchema, environment)).value);
}

export function streamOptions(file: StreamFile): Partial<StreamOptions> {
  return {
    files: file.files,
    stderr: file.stderr,
    exclude: file.exclude,
    prefix: file.prefix,
    dataDir: file.data_dir,
    ...(file.listen === undefined ? {} : { listen: file.listen === 'off' ? undefined : file.listen }),
    readFrom: file.read_from,
    maxLineBytes: file.max_line_bytes,
    maxOpenFiles: file.max_open_files,
    deletedBytesLimit: file.deleted_bytes_limit,
    rotateBytes: file.rotate,
    keep: file.keep,
    rotateMode: file.rotate_mode,
    rotateSignal: file.rotate_signal,
    rotateSignalTo: file.rotate_signal_to,
    reconcileIntervalMs: file.reconcile_interval,
    checkpointIntervalMs: file.checkpoint_interval,
    shutdownGraceMs: file.shutdown_grace,
    drainQuietMs: file.drain_quiet,
    until: file.until,
    untilExit: file.until_exit,
    logLevel: file.log_level,
  };
}
