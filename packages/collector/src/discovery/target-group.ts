/** What discovery says: groups of targets, each group as a whole. Source: Prometheus, discovery/targetgroup. */

export interface TargetGroup {
  /** Within its discovery: a group replaces the one before it of the same source; without targets it is gone. */
  readonly source: string;
  /** Of each of its targets, which may override them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Each with `__address__`. */
  readonly targets: readonly Readonly<Record<string, string>>[];
  /** Of a group whose targets are made when they are asked for: what can be said without making them; undefined where that is nothing. */
  readonly outline?: () => GroupOutline | undefined;
}

export interface GroupOutline {
  readonly labels: TargetGroup['labels'];
  readonly targetCount: number;
  /** Whether no target has a value of its own for the label: it is that of the group, or none. */
  isOfGroup(label: string): boolean;
}

/** Finds targets, and tells of each change. */
export interface Discovery {
  /** Runs until the signal aborts, over failures, which it logs and counts. Resolves when nothing of it runs any more.
   *  @param update called with the groups that have changed; first with all of them, even if there are none */
  run(update: (groups: readonly TargetGroup[]) => void, signal: AbortSignal): Promise<void>;
}
