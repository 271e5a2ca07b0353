/** What is said of a source, as far as the runtime looks at it. */
import { duration, integer, section, size, text } from '@vigie/core/config/fields';
import picomatch from 'picomatch';
import * as v from 'valibot';
import type { LogSelection } from './source-runtime.ts';

/** The kubelet rotates at 10 MiB and keeps 5: one container's unread past fits five times into this. */
const DELETED_BYTES = 256 * 1024 * 1024;

export const logPaths = v.pipe(
  v.array(v.pipe(text(), v.startsWith('/', 'an absolute path or pattern'))),
  v.minLength(1, 'at least one path'),
);

/** How files are read, of whatever kind. */
export const readingEntries = {
  /** For files that no checkpoint knows when the agent starts for the first time. */
  read_from: v.optional(v.picklist(['beginning', 'end']), 'beginning'),
  /** Files not changed for longer are not begun. */
  ignore_older: v.optional(duration({ min: 1 })),
  max_line_bytes: v.optional(size({ min: 1024, max: 16 * 1024 * 1024 }), '1MiB'),
  read_bytes: v.optional(size({ min: 16 * 1024, max: 4 * 1024 * 1024 }), '512KiB'),
  reconcile_interval: v.optional(duration({ min: 50 }), '10s'),
  max_open_files: v.optional(integer({ min: 1, max: 1_000_000 }), 1024),
  /** Unread bytes of deleted files that may be kept open; beyond, the oldest are let go and counted as lost. */
  deleted_bytes_limit: v.optional(size(), DELETED_BYTES),
};

/** A source of type file: any text files, line by line. */
export const fileSourceEntries = {
  type: v.literal('file'),
  /** Absolute patterns of the files that are written to; rotated generations beside them are found from there. */
  paths: logPaths,
  /** Patterns of files that are not read. */
  exclude_paths: v.optional(v.array(text()), []),
  ...readingEntries,
};

const reading = section(readingEntries);

interface RateSection {
  readonly bytes_per_second: number;
  /** Default: one second's worth. */
  readonly burst?: number | undefined;
}

/** Of a source that reads files. */
export interface TailedSection extends v.InferOutput<typeof reading> {
  readonly type: 'kubernetes_logs' | 'file';
  readonly paths: readonly string[];
  /** Given to every container of it. */
  readonly static_labels: Readonly<Record<string, string>>;
  /** How long the beginning of a record waits for its end. */
  readonly partial_timeout: number;
  readonly limits: { readonly per_pod?: RateSection | undefined; readonly per_namespace?: RateSection | undefined };
}

/** Of a source whose records come by other ways. */
export interface UntailedSection {
  readonly type: 'journald' | 'kubernetes_events' | 'otlp' | 'loki_push';
}

export type SourceSection = TailedSection | UntailedSection;

/** Whether it reads files. */
export function isTailed(section: SourceSection): section is TailedSection {
  return section.type === 'kubernetes_logs' || section.type === 'file';
}

/** All files behind a source's paths but those that match one of the patterns. */
export function allFilesBut(patterns: readonly string[]): LogSelection {
  if (patterns.length === 0) return { accepts: () => true, byLabels: false };
  const matches = picomatch([...patterns]);
  return { accepts: ({ key, displayPath }) => !matches(key) && !matches(displayPath), byLabels: false };
}
