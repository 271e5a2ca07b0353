import { type Hold, Progress } from '../delivery/progress.ts';
import type { LogFormat } from '../framing/docker.ts';
import { type PartialBudget, Partials } from '../framing/partials.ts';
import { OpenRecords } from '../multiline/open-records.ts';
import type { TokenBucket } from '../schedule/token-bucket.ts';
import type { ContainerLog, Generation } from '../tail/generation.ts';
import { GzipReader } from '../tail/gzip-reader.ts';
import type { LogPlan } from './log-plan.ts';

/** One lane's place in one container's log. */
export class LogCursor {
  readonly log: ContainerLog;
  readonly partials: Partials;
  /** Records whose next line may come, where lines are joined. */
  readonly open: OpenRecords;
  buckets: readonly TokenBucket[];
  /** What its pod asks for, once it is known. */
  plan: LogPlan | undefined;
  /** How often other facts became known of its container. */
  revision = 0;
  /** It is not read before, since more may be known of its pod by then; monotonic. */
  heldUntilMs = 0;
  format: LogFormat | undefined;
  /** Time of the newest record read, Unix ms; how far behind the lane is. */
  recordTimeMs: number | undefined;
  /** Monotonic time of the last read that moved forward. */
  movedAtMs: number;
  /** Where the last rows came from. */
  lastRead: Generation | undefined;
  /** Read errors in a row, for the pause before the next try. */
  failures = 0;
  /** Few: one for each file of the log. Arrays that are pushed to reserve room for sixteen. */
  #progress: readonly Progress[] = [];
  #gzip: GzipReader | undefined;
  #gzipOf: Generation | undefined;

  constructor(
    log: ContainerLog,
    maxLineBytes: number,
    budget: PartialBudget,
    buckets: readonly TokenBucket[],
    nowMs: number,
  ) {
    this.log = log;
    this.partials = new Partials(maxLineBytes, budget);
    this.open = new OpenRecords(budget);
    this.buckets = buckets;
    this.movedAtMs = nowMs;
  }

  /** Something that was read waits for its end. */
  get isWaiting(): boolean {
    return !this.partials.isEmpty || !this.open.isEmpty;
  }

  *waiting(): Iterable<{ readonly hold: Hold; interrupted: boolean }> {
    for (const stderr of [false, true]) {
      const partial = this.partials.get(stderr);
      if (partial !== undefined) yield partial;
      const record = this.open.get(stderr);
      if (record !== undefined) yield record;
    }
  }

  get all(): Iterable<Progress> {
    return this.#progress;
  }

  find(generation: Generation): Progress | undefined {
    return this.#progress.find((one) => one.generation === generation);
  }

  begin(generation: Generation, offset: number): Progress {
    const progress = new Progress(generation, offset);
    this.#progress = [...this.#progress, progress];
    return progress;
  }

  forget(generation: Generation): void {
    this.#progress = this.#progress.filter((one) => one.generation !== generation);
  }

  /** Bytes there are but that the sink has not acknowledged. */
  lagBytes(): number {
    let bytes = 0;
    for (const generation of this.log.generations) {
      const progress = this.find(generation);
      if (progress?.abandoned === true) continue;
      bytes += Math.max(0, generation.sizeBytes - (progress?.ackedOffset ?? 0));
    }
    return bytes;
  }

  unreadBytes(): number {
    let bytes = 0;
    for (const generation of this.log.generations) {
      const progress = this.find(generation);
      if (progress?.abandoned === true) continue;
      const read = progress?.readOffset ?? 0;
      if (progress === undefined || progress.stuckAtBytes !== generation.sizeBytes) {
        bytes += Math.max(0, generation.sizeBytes - read);
      }
    }
    return bytes;
  }

  /** Its pod or namespace has used up its rate, or its pod is not known yet: it waits on purpose. */
  isDelayed(monotonicMs: number): boolean {
    return this.heldUntilMs > monotonicMs || this.buckets.some((bucket) => bucket.waitMs(monotonicMs) > 0);
  }

  /** Archives are read front to back, one at a time. */
  gzip(generation: Generation, path: string): GzipReader {
    if (this.#gzip === undefined || this.#gzipOf !== generation || this.#gzip.path !== path) {
      this.#gzip?.close();
      this.#gzip = new GzipReader(path);
      this.#gzipOf = generation;
    }
    return this.#gzip;
  }

  closeGzip(): void {
    this.#gzip?.close();
    this.#gzip = undefined;
  }
}
