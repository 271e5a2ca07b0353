import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { CheckpointEntry } from '../checkpoint/format.ts';
import { type CheckpointFs, CheckpointStore, openCheckpoint } from '../checkpoint/store.ts';
import type { CheckpointKey } from '../lane/lane-checkpoint.ts';

export interface LaneCheckpointsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Of their files; node:fs/promises by default. */
  readonly checkpointFs?: CheckpointFs;
}

/** A checkpoint as a lane begins with it. */
export interface TakenCheckpoint {
  readonly store: CheckpointStore<CheckpointKey>;
  /** Undefined where nothing is known from before. */
  readonly entries: readonly CheckpointEntry[] | undefined;
}

interface RouteEnds {
  readonly source: string;
  readonly sink: string;
}

/** The checkpoints of the agent's lanes. A file is read once, before the first lane that needs it; the lanes that take its
 *  place at a reload go on from what the one before them knows, whether the disk can be read or not. */
export class LaneCheckpoints {
  readonly #folder: string;
  readonly #deps: LaneCheckpointsDeps;
  /** By path: how a lane begins now. */
  readonly #known = new Map<string, () => TakenCheckpoint>();

  /** @param dataDir stays the same whatever a reload says: in another folder every log would be read again */
  constructor(dataDir: string, deps: LaneCheckpointsDeps) {
    this.#folder = join(dataDir, 'checkpoints');
    this.#deps = deps;
  }

  /** Reads what is not known yet, so that `take` cannot fail.
   *  @throws what the file system throws */
  async open(routes: readonly RouteEnds[]): Promise<void> {
    const { checkpointFs: fs = fsPromises, clock, log } = this.#deps;
    for (const route of routes) {
      const path = this.#pathOf(route);
      if (this.#known.has(path)) continue;
      const { read } = await openCheckpoint<CheckpointKey>(path, { fs, clock });
      if (read.status === 'corrupt') {
        const { reason, setAsideAs } = read;
        const fields = { checkpoint: path, reason, setAsideAs };
        log.error('the checkpoint was damaged and set aside; reading starts as for a new file', fields);
      }
      const entries = read.status === 'ok' ? read.entries : undefined;
      this.#known.set(path, () => ({ store: new CheckpointStore(path, { fs, clock }), entries }));
    }
  }

  /** @returns undefined where `open` was not told of it */
  take(route: RouteEnds): TakenCheckpoint | undefined {
    return this.#known.get(this.#pathOf(route))?.();
  }

  /** A lane runs that keeps this store up to date: the next one goes on from it. */
  inUse(store: CheckpointStore<CheckpointKey>): void {
    this.#known.set(store.path, () => store.handOver());
  }

  /** Forgets the others: where one is wanted again, its file is read again. */
  keepOnly(routes: readonly RouteEnds[]): void {
    const paths = new Set(routes.map((route) => this.#pathOf(route)));
    for (const path of this.#known.keys()) if (!paths.has(path)) this.#known.delete(path);
  }

  #pathOf({ source, sink }: RouteEnds): string {
    return join(this.#folder, `${source}.${sink}.ckpt`);
  }
}
