/** What `vigie sidecar stream` is told, by its command line and its file. */
import { join, resolve } from 'node:path';
import { VigieError } from '@vigie/core/errors';
import type { ListenerOptions } from '@vigie/core/http-server/listener';
import type { LogLevel } from '@vigie/core/log-levels';
import { sha256 } from '@vigie/core/sha256';
import type { RotateMode, RotateSignal } from './rotate/rotation.ts';

export const PREFIXES = ['none', 'name', 'json'] as const;
/** What stands before a line: nothing, the file's name, or the line is a member of a JSON object. */
export type Prefix = (typeof PREFIXES)[number];

export const READ_FROM = ['beginning', 'end'] as const;

/** Every option; those of the command line and the keys of the file have these names, in their spelling. */
export interface StreamOptions {
  /** Patterns of files whose lines go to stdout. */
  readonly files: readonly string[];
  /** Of files whose lines go to stderr, whatever `files` says. */
  readonly stderr: readonly string[];
  /** Of files that are left alone. */
  readonly exclude: readonly string[];
  readonly prefix: Prefix;
  /** undefined: beside the files. */
  readonly dataDir: string | undefined;
  /** undefined: no port is opened. */
  readonly listen: Omit<ListenerOptions, 'name'> | undefined;
  readonly readFrom: (typeof READ_FROM)[number];
  readonly maxLineBytes: number;
  readonly maxOpenFiles: number;
  readonly deletedBytesLimit: number;
  /** Size at which the sidecar rotates a file itself; undefined: it does not. */
  readonly rotateBytes: number | undefined;
  /** Rotated files of each log that it leaves. */
  readonly keep: number;
  readonly rotateMode: RotateMode;
  readonly rotateSignal: RotateSignal;
  /** Program that gets the signal; undefined: none does. */
  readonly rotateSignalTo: string | undefined;
  readonly reconcileIntervalMs: number;
  readonly checkpointIntervalMs: number;
  readonly shutdownGraceMs: number;
  readonly drainQuietMs: number;
  /** Ends when this file exists. */
  readonly until: string | undefined;
  /** Ends when the last process of this name has ended. */
  readonly untilExit: string | undefined;
  readonly logLevel: LogLevel;
}

export interface StreamSettings extends StreamOptions {
  readonly dataDir: string;
  /** Nobody asked for this address: where it is taken, the sidecar goes on without. */
  readonly listenIsDefault: boolean;
}

/** Below it files would be rotated all the time. */
export const MIN_ROTATE_BYTES = 4096;

export const DEFAULT_LISTEN: Omit<ListenerOptions, 'name'> = {
  address: { host: '127.0.0.1', port: 9881 },
  auth: { type: 'none' },
};

export const STREAM_DEFAULTS: StreamOptions = {
  files: [],
  stderr: [],
  exclude: [],
  prefix: 'none',
  dataDir: undefined,
  listen: DEFAULT_LISTEN,
  readFrom: 'beginning',
  maxLineBytes: 1024 * 1024,
  // An emptyDir has few; each costs a descriptor.
  maxOpenFiles: 128,
  // What is deleted and not yet read still fills the volume, whose limit evicts the pod.
  deletedBytesLimit: 64 * 1024 * 1024,
  rotateBytes: undefined,
  keep: 1,
  rotateMode: 'create',
  rotateSignal: 'HUP',
  rotateSignalTo: undefined,
  reconcileIntervalMs: 10_000,
  checkpointIntervalMs: 1_000,
  // Below the 30 s after which Kubernetes kills.
  shutdownGraceMs: 25_000,
  drainQuietMs: 1_000,
  until: undefined,
  untilExit: undefined,
  logLevel: 'warn',
};

/** @param given in this order of precedence: the command line, then the file; what neither says is as by default
 *  @param folder that relative paths are of
 *  @throws {VigieError} CONFIG_INVALID when there is nothing to follow, or options exclude each other */
export function streamSettings(given: readonly Partial<StreamOptions>[], folder: string): StreamSettings {
  const asked: Partial<StreamOptions> = Object.assign({}, ...given.toReversed().map(withoutUndefined));
  const options: StreamOptions = { ...STREAM_DEFAULTS, ...asked };
  const absolute = (path: string): string => resolve(folder, path);
  const files = options.files.map(absolute);
  const stderr = options.stderr.map(absolute);
  if (files.length + stderr.length === 0) {
    throw new VigieError('CONFIG_INVALID', 'nothing to follow: name a FILE, `files` or `stderr`');
  }
  if (options.rotateSignalTo !== undefined && options.rotateMode === 'copytruncate') {
    throw new VigieError('CONFIG_INVALID', 'rotate-signal-to: with rotate-mode copytruncate nobody has to be told');
  }
  return {
    ...options,
    files,
    stderr,
    exclude: options.exclude.map(absolute),
    until: options.until === undefined ? undefined : absolute(options.until),
    dataDir: options.dataDir === undefined ? dataDirBeside([...files, ...stderr]) : absolute(options.dataDir),
    listenIsDefault: !('listen' in asked),
  };
}

function withoutUndefined(options: Partial<StreamOptions>): Partial<StreamOptions> {
  // `listen: undefined` says that no port is to be opened.
  return Object.fromEntries(Object.entries(options).filter(([key, value]) => value !== undefined || key === 'listen'));
}

/** In the volume of the files, under a name that another sidecar's patterns on the same volume do not share. */
function dataDirBeside(patterns: readonly string[]): string {
  const hash = sha256(Buffer.from(patterns.toSorted().join('\0'))).toString('hex', 0, 4);
  return join(folderOf(patterns[0] ?? '/'), '.vigie', hash);
}

/** The deepest folder that a pattern names outright. */
function folderOf(pattern: string): string {
  const segments = pattern.split('/').slice(0, -1);
  const wild = segments.findIndex((segment) => /[*?[\]{}()!+@]/.test(segment));
  return (wild === -1 ? segments : segments.slice(0, wild)).join('/') || '/';
}
