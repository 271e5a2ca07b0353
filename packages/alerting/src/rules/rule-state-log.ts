/** Keeps what rules know of their alerts where no engine does: their alerts go to Alertmanagers. The log and its layout are the engine's, and so is
 *  what replicas share: whichever of them evaluates a group goes on from the state of its alerts. */
import type { Clock, Timer } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { bug } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { RuleRecord } from '@vigie/rules/state/rule-record';
import type { Replica, Replication } from '../ha/replication.ts';
import { type ToldLogRule, ToldLogRules } from '../logs/state/told-log-rules.ts';
import type { StateFs } from '../state/state-fs.ts';
import { openState, type StateLog } from '../state/state-log.ts';
import type { StateRecord } from '../state/state-record.ts';
import type { RuleKeeping } from './rule-keeping.ts';
import { RuleRecords } from './rule-records.ts';

export interface RuleStateLogDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly fs: StateFs;
  /** undefined: there is one replica. */
  readonly replication?: Pick<Replication, 'join' | 'begin' | 'share'> | undefined;
}

/** As the engine's. */
const MAINTENANCE_MS = 30_000;

export class RuleStateLog implements RuleKeeping {
  readonly logRules = new ToldLogRules();
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

  /** Brings back what was kept, and what other replicas know; from then on this one may own a part of the rules.
   *  @throws {VigieError} ALERTING_STATE; what the file system throws */
  async start(): Promise<void> {
    const { fs, log, replication } = this.#deps;
    const { log: stateLog, records, damaged } = await openState(this.#folder, fs);
    if (damaged > 0) log.error('some of the state of rules is damaged, and lost', { folder: this.#folder, damaged });
    this.#apply(records);
    this.#log = stateLog;
    this.#scheduleMaintenance();
    await replication?.join(this.#replica());
    replication?.begin();
  }

  records(group?: string): Iterable<RuleRecord> {
    return this.#records.records(group);
  }

  keep(records: readonly RuleRecord[]): Promise<void> {
    return this.#keep(records.map((record) => ({ kind: 'rule', record })));
  }

  keepLogRule(told: ToldLogRule): Promise<void> {
    return this.#keep([{ kind: 'log_rule', told }]);
  }

  async close(): Promise<void> {
    this.#maintenance?.cancel();
    await this.#log?.close();
  }

  async #keep(records: readonly StateRecord[]): Promise<void> {
    if (this.#log === undefined) throw bug('the state is written before it is read');
    this.#apply(records);
    try {
      await Promise.all([this.#log.append(records), this.#deps.replication?.share(records)]);
    } catch (error) {
      this.#deps.log.error('the state of rules cannot be kept', { error });
    }
  }

  /** What there is of alerts, as of replicas with another configuration, is none of its own. */
  #apply(records: readonly StateRecord[]): void {
    for (const record of records) {
      if (record.kind === 'rule') this.#records.apply(record.record);
      else if (record.kind === 'log_rule') this.logRules.apply(record.told);
    }
  }

  *#all(): Generator<StateRecord> {
    for (const record of this.#records.records()) yield { kind: 'rule', record };
    for (const told of this.logRules.all()) yield { kind: 'log_rule', told };
  }

  /** These rules, as other replicas have to do with them: nothing is told of here that others might tell of, too. */
  #replica(): Replica {
    return {
      records: () => this.#all(),
      take: (records) => {
        this.#apply(records);
        this.#log
          ?.append(records.filter(({ kind }) => kind === 'rule' || kind === 'log_rule'))
          .catch((error: unknown) => this.#deps.log.error('what other replicas tell cannot be kept', { error }));
      },
      ownershipChanged: () => undefined,
      finish: async () => undefined,
      hold: () => undefined,
    };
  }

  #scheduleMaintenance(): void {
    this.#maintenance = this.#deps.clock.setTimer(MAINTENANCE_MS, () => {
      if (this.#log?.wantsSnapshot === true) void this.#snapshot();
      this.#scheduleMaintenance();
    });
  }

  async #writeSnapshot(): Promise<void> {
    try {
      await this.#log?.snapshot(() => this.#all());
    } catch (error) {
      this.#deps.log.error('the snapshot of the state of rules cannot be written', { error });
    }
  }
}
