/** What discovery says: groups of targets, each group as a whole. Source: Prometheus, discovery/targetgroup. */

export interface TargetGroup {
  /** Within its discovery: a group replaces the one before it of the same source; without targets it is gone. */
  readonly source: string;
  /** Of each of its targets, which may override them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Each with `__address__`. */
  readonly targets: readonly Readonly<Record<string, string>>[];
}

/** Finds targets, and tells of each change. */
export interface Discovery {
  /** Runs until the signal aborts, over failures, which it logs and counts. Resolves when nothing of it runs any more.
   *  @param update called with the groups that have changed; first with all of them, even if there are none */
  run(update: (groups: readonly TargetGroup[]) => void, signal: AbortSignal): Promise<void>;
}
