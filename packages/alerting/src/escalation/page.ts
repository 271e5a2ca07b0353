/** A group that somebody was told of: whether it is acknowledged, and who else has been told because it was not. Pure. */
import type { LabelSet } from '@vigie/promql/labels/label-set';

/** Somebody is on it: no repeats, and nobody else is told. */
export interface Acknowledgement {
  readonly by: string;
  readonly comment: string;
  /** Unix ms. */
  readonly atMs: number;
  /** undefined: until another alert joins the group, or all are over. */
  readonly endsAtMs: number | undefined;
  /** Fingerprints of the alerts that fired then. */
  readonly covers: ReadonlySet<string>;
}

export interface EscalationStep {
  /** Since the group was told. */
  readonly afterMs: number;
  /** Name of a receiver. */
  readonly receiver: string;
}

export interface Page {
  /** AlertGroup.id */
  readonly id: string;
  /** AlertGroup.key */
  readonly group: string;
  readonly labels: LabelSet;
  /** Of its route. */
  readonly receiver: string;
  /** When it was told, or began anew: Unix ms. */
  readonly sinceMs: number;
  /** Receivers of steps that were reached since then. */
  readonly reached: ReadonlySet<string>;
  /** Receivers of steps that were reached at any time: they hear of the end. */
  readonly told: ReadonlySet<string>;
  readonly acknowledgement: Acknowledgement | undefined;
}

/** Why a page that was acknowledged is open again. */
export type Reopening = 'another alert fires' | 'the acknowledgement has ended' | 'the acknowledgement was withdrawn';

/** What fires in the group when it is looked at. */
export interface Members {
  readonly timeMs: number;
  /** Fingerprints of those that are not muted. */
  readonly firing: readonly string[];
  /** Of those that are over. */
  readonly ended: readonly string[];
}

/** The page after a look at its group. */
export function reviewed(
  page: Page,
  { timeMs, firing, ended }: Members,
): { readonly page: Page; readonly reopening: Reopening | undefined } {
  const { acknowledgement } = page;
  if (acknowledgement === undefined) return { page, reopening: undefined };
  const { endsAtMs, covers } = acknowledgement;
  if (endsAtMs !== undefined && endsAtMs <= timeMs)
    return { page: reopened(page, endsAtMs), reopening: 'the acknowledgement has ended' };
  if (firing.some((fingerprint) => !covers.has(fingerprint)))
    return { page: reopened(page, timeMs), reopening: 'another alert fires' };
  // One that is over and comes again is another.
  const left = new Set([...covers].filter((fingerprint) => !ended.includes(fingerprint)));
  if (left.size === covers.size) return { page, reopening: undefined };
  return { page: { ...page, acknowledgement: { ...acknowledgement, covers: left } }, reopening: undefined };
}

/** Open from then on, as if it were told then. */
export function reopened(page: Page, timeMs: number): Page {
  return { ...page, sinceMs: timeMs, reached: new Set(), acknowledgement: undefined };
}

/** Receivers that are to be told now, and have not been since it is open. */
export function dueReceivers(page: Page, steps: readonly EscalationStep[], nowMs: number): readonly string[] {
  if (page.acknowledgement !== undefined) return [];
  const due = steps.filter(({ afterMs, receiver }) => page.sinceMs + afterMs <= nowMs && !page.reached.has(receiver));
  return [...new Set(due.map(({ receiver }) => receiver))];
}

/** When something is due next: a step, or the end of the acknowledgement. Unix ms; undefined: nothing is. */
export function nextDueMs(page: Page, steps: readonly EscalationStep[]): number | undefined {
  if (page.acknowledgement !== undefined) return page.acknowledgement.endsAtMs;
  const left = steps.filter(({ receiver }) => !page.reached.has(receiver));
  return left.length === 0 ? undefined : page.sinceMs + Math.min(...left.map(({ afterMs }) => afterMs));
}

export function reaching(page: Page, receivers: readonly string[]): Page {
  return {
    ...page,
    reached: new Set([...page.reached, ...receivers]),
    told: new Set([...page.told, ...receivers]),
  };
}
