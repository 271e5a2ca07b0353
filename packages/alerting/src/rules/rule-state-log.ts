/** Keeps what rules know of their alerts where no engine does: their alerts go to Alertmanagers. The log and its layout are the engine's. */
import type { Clock, Timer } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { bug } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { RuleRecord } from '@vigie/rules/state/rule-record';
import type { RuleStore } from '@vigie/rules/state/rule-store';
import type { StateFs } from '../state/state-fs.ts';
import { openState, type StateLog } from '../state/state-log.ts';
import { RuleRecords } from './rule-records.ts';

export interface RuleStateLogDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly fs: StateFs;
}

/** As the engine's. */
const MAINTENANCE_MS = 30_000;

export class RuleStateLog implements RuleStore {
  readonly #folder: string;
  readonly #deps: RuleStateLogDeps;
  readonly #records = new RuleRecords();
  readonly #snapshot = coalesce(() => this.#writeSnapshot());
  #log: StateLog | undefined;
  #maintenance: Timer | undefined;

  /** @param folder of the state, which is its own */
  constructor(folder: string, deps: RuleStateLogDeps) {
    this.#folder = folder;
    this.#deps = deps;
  }

  /** Brings back what was kept.
   *  @throws {VigieError} ALERTING_STATE; what the file system throws */
  async start(): Promise<void> {
    const { log: stateLog, records, damaged } = await openState(this.#folder, this.#deps.fs);
    if (damaged > 0)
      this.#deps.log.error('some of the state of rules is damaged, and lost', { folder: this.#folder, damaged });
    for (const record of records) if (record.kind === 'rule') this.#records.apply(record.record);
    this.#log = stateLog;
    this.#scheduleMaintenance();
  }

  records(group?: string): Iterable<RuleRecord> {
    return this.#records.records(group);
  }

  async keep(records: readonly RuleRecord[]): Promise<void> {
    if (this.#log === undefined) throw bug('the state is written before it is read');
    for (const record of records) this.#records.apply(record);
    try {
      await this.#log.append(records.map((record) => ({ kind: 'rule', record })));
    } catch (error) {
      this.#deps.log.error('the state of rules cannot be kept', { error });
    }
  }

  async close(): Promise<void> {
    this.#maintenance?.cancel();
    await this.#log?.close();
  }

  #scheduleMaintenance(): void {
    this.#maintenance = this.#deps.clock.setTimer(MAINTENANCE_MS, () => {
      if (this.#log?.wantsSnapshot === true) void this.#snapshot();
      this.#scheduleMaintenance();
    });
  }

  async #writeSnapshot(): Promise<void> {
    const records = this.#records;
    function* all(): Generator<{ readonly kind: 'rule'; readonly record: RuleRecord }> {
      for (const record of records.records()) yield { kind: 'rule', record };
    }
    try {
      await this.#log?.snapshot(all);
    } catch (error) {
      this.#deps.log.error('the snapshot of the state of rules cannot be written', { error });
    }
  }
}
