/** What the dispatcher (bench/run.mjs) hands to every benchmark's `run`. */
export interface BenchContext {
  readonly args: readonly string[];
  readonly rootDir: string;
  /** Path of the runnable bundle of `NAME.process.ts`. */
  readonly program: (name: string) => string;
}

/** Progress of long work, on stderr so that stdout holds the result alone. */
export function progress(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
