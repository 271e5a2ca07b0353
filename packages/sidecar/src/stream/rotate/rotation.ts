/** How files are rotated, in the words of logrotate. */
export const ROTATE_MODES = ['create', 'nocreate', 'copytruncate'] as const;
/** `create`: renamed, and a new file made. `nocreate`: renamed, and the writer makes the new one. */
export type RotateMode = (typeof ROTATE_MODES)[number];

export const ROTATE_SIGNALS = ['HUP', 'USR1', 'USR2'] as const;
export type RotateSignal = (typeof ROTATE_SIGNALS)[number];

export interface RotationRules {
  /** A file that has reached this size is rotated. */
  readonly sizeBytes: number;
  /** Rotated files of a log that stay, at least, once they are streamed. */
  readonly keep: number;
  readonly mode: RotateMode;
  readonly signal: RotateSignal;
  /** The program that is told to open its files again; undefined where nobody is. */
  readonly signalTo: string | undefined;
  /** What rotated files beyond `keep` may hold that nobody has taken yet, of all logs in sum. */
  readonly unstreamedBytesLimit: number;
}
