import { systemClock } from '@vigie/core/clock';
import { seededRandom } from '@vigie/core/random';
import type { SinkDeps } from '../../src/sinks/sink.ts';

export interface RecordedDeps extends SinkDeps {
  readonly counts: Map<string, number>;
  readonly warnings: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[];
}

/** The system's clock, and events kept for a test to read. */
export function recordedDeps(changed: Partial<SinkDeps> = {}): RecordedDeps {
  const counts = new Map<string, number>();
  const warnings: RecordedDeps['warnings'] = [];
  return {
    clock: systemClock,
    random: seededRandom(1),
    env: {},
    version: '9.8.7',
    events: {
      count: (_sink, event, amount) => counts.set(event, (counts.get(event) ?? 0) + amount),
      warn: (_sink, message, fields) => warnings.push({ message, fields }),
    },
    counts,
    warnings,
    ...changed,
  };
}

export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
