/** A pod of an application that writes files and a streaming sidecar: the sidecar's stdout becomes a container log as a runtime writes
 *  it, which the kubelet rotates. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { CHECKOUT } from './agent-process.ts';
import { type ContainerIdentity, ContainerLog } from './container-log.ts';
import { until } from './deadline.ts';
import { killLeashed, spawnLeashed } from './leash.ts';

const BINARY = join(CHECKOUT, 'packages', 'cli', 'bin', 'vigie.cjs');
/** Small, so that a minute of a test has as many rotations as a day of a node. */
const ROTATION = { maxSizeBytes: 512 << 10, maxFiles: 50 };
const MONITOR_INTERVAL_MS = 1100;
const REOPEN_AFTER_MS = 20;
const EXIT_TIMEOUT_MS = 60_000;
const NEWLINE = 0x0a;

export class StreamedPod {
  readonly #arguments: readonly string[];
  readonly #log: ContainerLog;
  readonly #kubelet: NodeJS.Timeout;
  #child: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);
  #words = '';

  /** @param root in which `pods` and `containers` are made
   *  @param options of `vigie sidecar stream` */
  constructor(root: string, identity: ContainerIdentity, options: readonly string[]) {
    this.#arguments = [BINARY, 'sidecar', 'stream', '--listen', 'off', ...options];
    this.#log = new ContainerLog(root, identity, ROTATION);
    this.#kubelet = setInterval(() => {
      if (this.#log.rotateIfLarge(new Date())) setTimeout(() => this.#log.reopen(), REOPEN_AFTER_MS);
    }, MONITOR_INTERVAL_MS);
    this.startSidecar();
  }

  /** What it said on stderr. */
  get words(): string {
    return this.#words;
  }

  startSidecar(): void {
    this.#log.startContainer();
    const child = spawnLeashed(process.execPath, this.#arguments, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_ENV: undefined, VITEST: undefined },
    });
    let rest: Buffer = Buffer.alloc(0);
    child.stdout?.on('data', (chunk: Buffer) => {
      const bytes = Buffer.concat([rest, chunk]);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      rest = bytes.subarray(end);
      if (end > 0) this.#log.append(asCri(bytes.subarray(0, end)));
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#words += chunk.toString();
    });
    this.#child = child;
    // `close` comes behind the last of its stdout.
    this.#exited = new Promise((resolve) => child.once('close', resolve));
  }

  /** As the kubelet ends a native sidecar. @returns the exit code */
  async terminateSidecar(): Promise<number | null> {
    this.#child?.kill('SIGTERM');
    let code: number | null | undefined;
    void this.#exited.then((exit) => {
      code = exit;
    });
    return await until(
      'the sidecar to drain',
      EXIT_TIMEOUT_MS,
      () => (code === undefined ? undefined : { code }),
      () => this.#words,
    ).then((exit) => exit.code);
  }

  async stop(): Promise<void> {
    clearInterval(this.#kubelet);
    if (this.#child !== undefined) await killLeashed(this.#child);
  }
}

/** @param lines whole ones, each shorter than the 16 KiB at which a runtime splits */
function asCri(lines: Buffer): Buffer {
  const head = Buffer.from(`${new Date().toISOString().slice(0, -1)}000000Z stdout F `);
  const parts: Buffer[] = [];
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(NEWLINE, start) + 1;
    parts.push(head, lines.subarray(start, end));
    start = end;
  }
  return Buffer.concat(parts);
}
