/** State that outlives the process: what changes is written to a log on the disk, in place of which a snapshot comes from time to time, and told to the
 *  other replicas, where there are some. */
import type { Clock, Timer } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { bug } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { Replication } from '../ha/replication.ts';
import type { StateFs } from './state-fs.ts';
import { openState, type StateLog } from './state-log.ts';
import type { StateRecord } from './state-record.ts';

export interface DurableStateOptions {
  /** Its own. */
  readonly folder: string;
  /** Whose state it is, for the log. */
  readonly of: 'alerts' | 'rules';
  /** All that is, for a snapshot: it may change meanwhile. */
  readonly records: () => Iterable<StateRecord>;
}

export interface DurableStateDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly fs: StateFs;
  /** undefined: there is one replica. */
  readonly replication?: Pick<Replication, 'share'> | undefined;
}

/** A snapshot is looked for this often: tsdb's own interval behind a write that failed. */
const LOOK_MS = 30_000;

export class DurableState {
  readonly #options: DurableStateOptions;
  readonly #deps: DurableStateDeps;
  readonly #snapshot = coalesce(() => this.#writeSnapshot());
  #stateLog: StateLog | undefined;
  #damaged = 0;
  #look: Timer | undefined;

  constructor(options: DurableStateOptions, deps: DurableStateDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** undefined before it is open. */
  get stateLog(): StateLog | undefined {
    return this.#stateLog;
  }

  /** Records that could not be read. */
  get damaged(): number {
    return this.#damaged;
  }

  /** @returns what was kept, in the order in which it was written
   *  @throws {VigieError} ALERTING_STATE, of a later version; what the file system throws */
  async open(): Promise<readonly StateRecord[]> {
    const { folder, of } = this.#options;
    const { log, fs } = this.#deps;
    const { log: stateLog, records, damaged } = await openState(folder, fs);
    this.#stateLog = stateLog;
    this.#damaged = damaged;
    if (damaged > 0) log.error(`some of the state of ${of} is damaged, and lost`, { folder, damaged });
    this.#lookLater();
    return records;
  }

  /** Resolves when they are on the disk, and the other replicas can know of them; of none, when all before them is.
   *  @param told what other replicas hear of, as far as it is news to them; the same unless given
   *  @throws {VigieError} ALERTING_STATE_UNWRITABLE: they are in memory alone */
  async keep(records: readonly StateRecord[], told = records): Promise<void> {
    if (this.#stateLog === undefined) throw bug('the state is written before it is read');
    const kept = this.#stateLog.append(records);
    await Promise.all([kept, this.#deps.replication?.share(told)]);
  }

  /** Keeps what other replicas have told: without the API server, a restart has it. */
  keepHeard(records: readonly StateRecord[]): void {
    this.#stateLog
      ?.append(records)
      .catch((error: unknown) => this.#deps.log.error('what other replicas tell cannot be kept', { error }));
  }

  /** What is to be kept is written first. */
  async close(): Promise<void> {
    this.#look?.cancel();
    await this.#stateLog?.close();
  }

  #lookLater(): void {
    this.#look = this.#deps.clock.setTimer(LOOK_MS, () => {
      if (this.#stateLog?.wantsSnapshot === true) void this.#snapshot();
      this.#lookLater();
    });
  }

  async #writeSnapshot(): Promise<void> {
    const { of, records } = this.#options;
    try {
      await this.#stateLog?.snapshot(records);
    } catch (error) {
      this.#deps.log.error(`the snapshot of the state of ${of} cannot be written`, { error });
    }
  }
}
