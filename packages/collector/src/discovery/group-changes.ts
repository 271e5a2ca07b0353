/** What has changed from one set of target groups to the next. */
import type { TargetGroup } from './target-group.ts';

export class GroupChanges {
  /** By source. */
  #known: ReadonlyMap<string, string> | undefined;

  /** @param all there are now
   *  @returns those that are new or otherwise than before, and an empty one in place of each that is gone; undefined where
   *  nothing has changed. The first time they are all of them, also where there are none. */
  since(all: readonly TargetGroup[]): readonly TargetGroup[] | undefined {
    const known = this.#known;
    const next = new Map(all.map((group) => [group.source, JSON.stringify([group.labels, group.targets])]));
    this.#known = next;
    if (known === undefined) return all;
    const changed = all.filter(({ source }) => known.get(source) !== next.get(source));
    const gone = [...known.keys()].filter((source) => !next.has(source));
    const groups = [...changed, ...gone.map((source) => ({ source, labels: {}, targets: [] }))];
    return groups.length === 0 ? undefined : groups;
  }
}
