/** Keeps the application's files from filling their volume: rotates what has grown, deletes what is rotated and streamed. Nothing is
 *  deleted that the reader of the output has not taken, except for room, and then it is counted. */
import type { Clock } from '@vigie/core/clock';
import { errorCode } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { FlushOutcome } from '@vigie/log-pipeline/checkpoint/store';
import { type ContainerLog, type Generation, isSealed } from '@vigie/log-pipeline/tail/generation';
import { type CopyTruncateDeps, type CopyTruncated, copyTruncate, truncateAt } from './copy-truncate.ts';
import { createLike, renameAside } from './rename-aside.ts';
import { isStamped, nextStamped, parseStamped } from './rotated-name.ts';
import type { RotateSignal, RotationRules } from './rotation.ts';
import { lookAt, type RotationFs } from './rotation-fs.ts';

/** The logs whose files are rotated, and who reads them. */
export interface RotatedLogs {
  all(): Iterable<ContainerLog>;
  /** The reader of the output has taken all that was seen of it. */
  isStreamed(generation: Generation): boolean;
  /** Puts on disk what the reader has taken. */
  flushCheckpoint(): Promise<FlushOutcome>;
  /** Its files have changed. */
  look(log: ContainerLog): Promise<void>;
  /** Its file is gone, streamed or not. */
  giveUp(generation: Generation): void;
}

export interface RotatorDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly fs: RotationFs;
  readonly logs: RotatedLogs;
  /** Tells the program to open its files again. @returns how many of its processes were told */
  readonly tell: (program: string, signal: RotateSignal) => number;
}

export interface RotationCounts {
  readonly rotated: number;
  readonly failed: number;
  readonly deletedStreamed: number;
  readonly deletedUnstreamed: number;
  readonly signalsSent: number;
  readonly signalsFailed: number;
  /** Rotated files that are still written to, long after. */
  readonly notReopened: number;
  /** Of those by copytruncate, the longest. */
  readonly longestWindowMs: number;
}

/** A look reads what is in memory already. A file may be larger than asked for by what is written in so long. */
const LOOK_MS = 200;
/** A writer that ends its lines in several writes is waited for that many looks. */
const TORN_LOOKS = 10;
/** A program may begin later than its log is rotated, or miss a signal while it begins. */
const SIGNAL_AGAIN_MS = 5_000;
/** A writer that has not opened its log again by then will not do it by itself. */
const REOPEN_MS = 10_000;
const NO_ROOM: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

/** A rotation of which nobody knows whether the writer has heard. */
interface Unheard {
  readonly sinceMs: number;
  /** Undefined before the first time. */
  toldAtMs: number | undefined;
  /** Of the rotated file, and when it was last seen to have grown. */
  sizeBytes: number | undefined;
  grewAtMs: number;
  warned: boolean;
}

export class Rotator {
  #rules: RotationRules;
  readonly #deps: RotatorDeps;
  readonly #counts = {
    rotated: 0,
    failed: 0,
    deletedStreamed: 0,
    deletedUnstreamed: 0,
    signalsSent: 0,
    signalsFailed: 0,
    longestWindowMs: 0,
  };
  readonly #unheard = new Map<string, Unheard>();
  readonly #tornLooks = new WeakMap<ContainerLog, number>();
  #timer: { cancel(): void } | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param unheard live files whose writers are to be told again, from an earlier process */
  constructor(rules: RotationRules, unheard: readonly string[], deps: RotatorDeps) {
    this.#rules = rules;
    this.#deps = deps;
    for (const live of unheard) this.#awaitReopening(live);
  }

  get counts(): RotationCounts {
    let notReopened = 0;
    for (const { warned } of this.#unheard.values()) if (warned) notReopened++;
    return { ...this.#counts, notReopened };
  }

  start(): void {
    this.#closed = false;
    this.#schedule();
  }

  /** Resolves when no file is being touched any more. `start` goes on. */
  async pause(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  /** Takes other rules over, while it is paused. */
  reconfigure(rules: RotationRules): void {
    this.#rules = rules;
  }

  /** One look at everything. */
  async look(): Promise<void> {
    const { logs } = this.#deps;
    for (const log of [...logs.all()]) {
      if (this.#closed) return;
      if (this.#isDue(log)) await this.#rotate(log);
    }
    await this.#tellWriters();
    await this.#deleteSurplus();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = this.#deps.clock.setTimer(LOOK_MS, () => {
      this.#looking = this.look()
        .catch((error: unknown) => this.#failed('', error))
        .then(() => this.#schedule());
    });
  }

  #isDue(log: ContainerLog): boolean {
    const live = log.generations.at(-1);
    if (live === undefined || !live.live || live.encoding !== 'plain' || live.inode === undefined) return false;
    if (live.sizeBytes < this.#rules.sizeBytes) return false;
    // A copy is known by its first line.
    return this.#rules.mode !== 'copytruncate' || live.head !== undefined;
  }

  async #rotate(log: ContainerLog): Promise<void> {
    const { fs, clock, logs } = this.#deps;
    const live = log.generations.at(-1);
    if (live?.inode === undefined || lookAt(log.key, fs)?.inode !== live.inode) return;
    const rotated = nextStamped(log.key, log.generations, clock.nowMs(), (path) => fs.existsSync(path));
    try {
      if (this.#rules.mode !== 'copytruncate') {
        renameAside(log.key, rotated, this.#rules.mode === 'create', fs);
        this.#awaitReopening(log.key);
      } else if (!(await this.#truncate(log, live, live.inode, rotated))) return;
      this.#counts.rotated++;
    } catch (error) {
      this.#failed(log.key, error);
    }
    await logs.look(log);
  }

  /** @returns whether it is cut */
  async #truncate(log: ContainerLog, live: Generation, inode: string, rotated: string): Promise<boolean> {
    const { fs, clock, logs } = this.#deps;
    const { keep, sizeBytes, unstreamedBytesLimit } = this.#rules;
    const deps: CopyTruncateDeps = {
      fs,
      monotonicMs: () => clock.monotonicMs(),
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
    };
    const tornLooks = this.#tornLooks.get(log) ?? 0;
    let result: CopyTruncated | undefined;
    // Nobody wants a copy of what is streamed.
    if (keep === 0 && logs.isStreamed(live)) {
      const { status } = await logs.flushCheckpoint();
      if (status !== 'failed' && logs.isStreamed(live)) result = truncateAt(log.key, inode, live.sizeBytes, deps);
    }
    if (result?.status !== 'truncated') {
      try {
        result = await copyTruncate(log.key, rotated, inode, tornLooks >= TORN_LOOKS, deps);
      } catch (error) {
        if (!NO_ROOM.has(errorCode(error))) throw error;
        this.#failed(log.key, error);
        const isStreamed = logs.isStreamed(live);
        if (!isStreamed && live.sizeBytes < sizeBytes + unstreamedBytesLimit) return false;
        // The volume is full: without a copy, whatever of it is not streamed is counted as lost by who reads it.
        result = truncateAt(log.key, inode, isStreamed ? live.sizeBytes : undefined, deps);
      }
    }
    if (result.status === 'busy') this.#tornLooks.set(log, tornLooks + 1);
    if (result.status !== 'truncated') return false;
    this.#tornLooks.delete(log);
    this.#counts.longestWindowMs = Math.max(this.#counts.longestWindowMs, result.windowMs);
    return true;
  }

  #awaitReopening(live: string): void {
    const sinceMs = this.#deps.clock.monotonicMs();
    this.#unheard.set(live, { sinceMs, toldAtMs: undefined, sizeBytes: undefined, grewAtMs: sinceMs, warned: false });
  }

  /** Once for all that were rotated, and again while one of them is written to under its rotated name. */
  async #tellWriters(): Promise<void> {
    if (this.#unheard.size === 0) return;
    const { clock, log, logs } = this.#deps;
    const nowMs = clock.monotonicMs();
    const known = new Map(Array.from(logs.all(), (one) => [one.key, one]));
    let mustTell = false;
    for (const [live, unheard] of this.#unheard) {
      const of = known.get(live);
      if (of === undefined ? nowMs - unheard.sinceMs > REOPEN_MS : this.#hasReopened(of)) {
        this.#unheard.delete(live);
        continue;
      }
      if (of !== undefined && (await this.#hasGrown(of, unheard))) unheard.grewAtMs = nowMs;
      const { toldAtMs, sinceMs, grewAtMs, warned } = unheard;
      if (toldAtMs === undefined || (nowMs - toldAtMs >= SIGNAL_AGAIN_MS && grewAtMs > toldAtMs)) {
        mustTell = true;
        unheard.toldAtMs = nowMs;
      }
      if (warned || nowMs - sinceMs < REOPEN_MS || nowMs - grewAtMs > REOPEN_MS / 2) continue;
      unheard.warned = true;
      log.warn('a rotated file is still written to: rotate-signal-to tells its writer, copytruncate has not to', {
        path: live,
      });
    }
    if (mustTell) this.#tell();
  }

  #hasReopened({ key, generations }: ContainerLog): boolean {
    const last = generations.at(-1);
    if (last?.live === true) return last.sizeBytes > 0;
    // The file could not be made at once: a full volume, for one.
    const rotated = generations.findLast(isStamped);
    if (rotated === undefined || this.#rules.mode !== 'create') return false;
    try {
      createLike(key, rotated.path, this.#deps.fs);
    } catch (error) {
      this.#failed(key, error);
    }
    return false;
  }

  /** A file that has rested is not looked at any more by its name alone. */
  async #hasGrown(log: ContainerLog, unheard: Unheard): Promise<boolean> {
    const rotated = log.generations.findLast(isStamped);
    if (rotated === undefined) return false;
    const found = lookAt(rotated.path, this.#deps.fs);
    if (found === undefined) return false;
    const before = unheard.sizeBytes ?? found.sizeBytes;
    unheard.sizeBytes = found.sizeBytes;
    if (found.sizeBytes > rotated.sizeBytes) await this.#deps.logs.look(log);
    return found.sizeBytes > before;
  }

  #tell(): void {
    const { signalTo, signal } = this.#rules;
    if (signalTo === undefined) return;
    try {
      const told = this.#deps.tell(signalTo, signal);
      this.#counts.signalsSent += told;
      if (told > 0) return;
      this.#counts.signalsFailed++;
      this.#deps.log.warn('no process to tell of the rotation: does the pod share its process namespace?', {
        program: signalTo,
      });
    } catch (error) {
      this.#counts.signalsFailed++;
      this.#deps.log.warn('cannot tell the writer of the rotation', { program: signalTo, error });
    }
  }

  async #deleteSurplus(): Promise<void> {
    const { logs, clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    const streamed: (Generation & { readonly path: string })[] = [];
    const waiting: (Generation & { readonly path: string })[] = [];
    for (const { generations } of logs.all()) {
      const rotated = generations.filter(isStamped).filter(({ gone }) => gone === undefined);
      for (const generation of rotated.slice(0, Math.max(0, rotated.length - this.#rules.keep))) {
        if (!logs.isStreamed(generation)) waiting.push(generation);
        else if (isSealed(generation, nowMs)) streamed.push(generation);
      }
    }
    if (streamed.length > 0) await this.#deleteStreamed(streamed);
    let waitingBytes = waiting.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    waiting.sort((a, b) => (stampOf(a) < stampOf(b) ? -1 : 1));
    for (const generation of waiting) {
      if (waitingBytes <= this.#rules.unstreamedBytesLimit) break;
      waitingBytes -= generation.sizeBytes;
      this.#giveUp(generation);
    }
  }

  async #deleteStreamed(surplus: readonly (Generation & { readonly path: string })[]): Promise<void> {
    const { logs, log, fs } = this.#deps;
    const outcome = await logs.flushCheckpoint();
    // A full disk takes no checkpoint until something is deleted; a process that is killed before the next one counts
    // these files as lost, and they are not.
    if (outcome.status === 'failed' && !NO_ROOM.has(outcome.code)) return;
    for (const generation of surplus) {
      const { path, inode, sizeBytes } = generation;
      // A writer that came back to it after all has the next look.
      const found = lookAt(path, fs);
      if (found === undefined || found.inode !== inode || !logs.isStreamed(generation)) continue;
      if (found.sizeBytes !== sizeBytes) {
        await logs.look(generation.log);
        continue;
      }
      try {
        fs.unlinkSync(path);
        this.#counts.deletedStreamed++;
        log.debug('a rotated file is streamed and was deleted', { path, bytes: sizeBytes });
      } catch (error) {
        this.#failed(path, error);
      }
    }
  }

  #giveUp(generation: Generation & { readonly path: string }): void {
    const { logs, log, fs } = this.#deps;
    const { path, sizeBytes } = generation;
    try {
      fs.unlinkSync(path);
    } catch (error) {
      this.#failed(path, error);
      return;
    }
    logs.giveUp(generation);
    this.#counts.deletedUnstreamed++;
    log.error('a rotated file was deleted for room before the output had taken all of it', { path, bytes: sizeBytes });
  }

  #failed(path: string, error: unknown): void {
    this.#counts.failed++;
    this.#deps.log.warn('cannot rotate or delete a file', { path, error });
  }
}

function stampOf({ path }: { readonly path: string }): string {
  return parseStamped(path)?.stamp ?? '';
}
