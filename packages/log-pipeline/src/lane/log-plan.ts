/** What is particular to one container log in one lane: what its pod's annotations ask for, and whether what is known of
 *  the pod is worth waiting for. */
import type { Multiline } from '../multiline/join-lines.ts';
import type { ContainerLog } from '../tail/generation.ts';
import type { NamedTransform } from './transform-chain.ts';

export interface LogPlan {
  /** Before the route's own. */
  readonly transforms: readonly NamedTransform[];
  /** In place of the route's own; undefined leaves that. */
  readonly multiline: Multiline | undefined;
}

export const NO_PLAN: LogPlan = { transforms: [], multiline: undefined };

export interface LogPlans {
  /** Until when the log is not to be read because more may be known of its pod by then, monotonic. A time that is over
   *  lets it be read. Nothing is buffered meanwhile: the file waits. */
  heldUntilMs(log: ContainerLog, nowMs: number): number;
  /** Asked for when the log is first read, and again after `Lane.refresh`. */
  of(log: ContainerLog): LogPlan;
}
