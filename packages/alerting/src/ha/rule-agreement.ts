/** Whether replicas have the same groups of rules. A group is known by its file and its name: where a file lies elsewhere at another replica, that one
 *  takes its groups for others, and of some of them each thinks that the other evaluates them. */
import { createHash } from 'node:crypto';
import type { Log } from '@vigie/core/log';
import type { KnownReplica } from './shard-ownership.ts';

/** Enough to tell two apart. */
const DIGITS = 16;
/** While a configuration is rolled out they differ. */
const LOOKS_UNTIL_WARNED = 6;

/** @param groups `FILE;GROUP` of each
 *  @returns equal where they are the same, in whatever order */
export function digestOfGroups(groups: readonly string[]): string {
  return createHash('sha256').update(groups.toSorted().join('\n')).digest('hex').slice(0, DIGITS);
}

export class RuleAgreement {
  /** Of this replica; empty: it is not known yet. */
  own = '';
  readonly #log: Log;
  /** By name, for how many looks a replica has differed. */
  #looks: ReadonlyMap<string, number> = new Map();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @returns names of those that live and have others */
  differing(replicas: readonly KnownReplica[]): readonly string[] {
    const { own } = this;
    return replicas.flatMap(({ name, rules, isAlive }) =>
      isAlive && own !== '' && rules !== '' && rules !== own ? [name] : [],
    );
  }

  /** Warns once of each that goes on to differ. To be called every ten seconds. */
  look(replicas: readonly KnownReplica[]): void {
    const differing = this.differing(replicas);
    this.#looks = new Map(differing.map((name) => [name, (this.#looks.get(name) ?? 0) + 1]));
    const due = differing.filter((name) => this.#looks.get(name) === LOOKS_UNTIL_WARNED);
    if (due.length === 0) return;
    this.#log.warn(
      'other replicas have other groups of rules: those that only one of them has may be evaluated by nobody. Have the same configuration, with rule files at the same path, at all of them',
      { replicas: due.join(', ') },
    );
  }
}
