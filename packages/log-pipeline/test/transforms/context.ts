import type { TransformContext } from '../../src/transforms/transform.ts';
import { factsOf } from '../sinks/facts.ts';

/** A context with facts and times as a test sets them. */
export function contextOf(changed: Partial<TransformContext> = {}): TransformContext {
  return {
    facts: factsOf(),
    log: {},
    nowMs: 0,
    wallMs: Date.UTC(2026, 10, 21),
    kept: () => undefined,
    dropped: () => undefined,
    ...changed,
  };
}
