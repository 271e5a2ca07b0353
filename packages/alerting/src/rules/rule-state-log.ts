/** Keeps what rules know of their alerts where no engine does: their alerts go to Alertmanagers. The log and its layout are the engine's, and so is
 *  what replicas share: whichever of them evaluates a group goes on from the state of its alerts. */
import type { RuleRecord } from '@vigie/rules/state/rule-record';
import type { Replica, Replication } from '../ha/replication.ts';
import { type ToldLogRule, ToldLogRules } from '../logs/state/told-log-rules.ts';
import { DurableState, type DurableStateDeps } from '../state/durable-state.ts';
import type { StateRecord } from '../state/state-record.ts';
import type { RuleKeeping } from './rule-keeping.ts';
import { RuleRecords } from './rule-records.ts';

export interface RuleStateLogDeps extends DurableStateDeps {
  /** undefined: there is one replica. */
  readonly replication?: Pick<Replication, 'join' | 'begin' | 'share'> | undefined;
}

export class RuleStateLog implements RuleKeeping {
  readonly logRules = new ToldLogRules();
  readonly #deps: RuleStateLogDeps;
  readonly #records = new RuleRecords();
  readonly #durable: DurableState;

  /** @param folder of the state, which is its own */
  constructor(folder: string, deps: RuleStateLogDeps) {
    this.#deps = deps;
    this.#durable = new DurableState({ folder, of: 'rules', records: () => this.#all() }, deps);
  }

  /** Brings back what was kept, and what other replicas know; from then on this one may own a part of the rules.
   *  @throws {VigieError} ALERTING_STATE; what the file system throws */
  async start(): Promise<void> {
    const { replication } = this.#deps;
    this.#apply(await this.#durable.open());
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

  close(): Promise<void> {
    return this.#durable.close();
  }

  async #keep(records: readonly StateRecord[]): Promise<void> {
    this.#apply(records);
    try {
      await this.#durable.keep(records);
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
        this.#durable.keepHeard(records.filter(({ kind }) => kind === 'rule' || kind === 'log_rule'));
      },
      ownershipChanged: () => undefined,
      finish: async () => undefined,
      hold: () => undefined,
    };
  }
}
