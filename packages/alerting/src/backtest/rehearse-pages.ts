/** Who would have been told of alerts that fired at known times: the engine of a service, on a clock that runs through them. */
import { FakeClock } from '@vigie/core/fake-clock';
import type { PostedAlert } from '../alerts/posted-alert.ts';
import type { ConfiguredEngine } from '../configured-engine.ts';
import { isResolved } from '../dispatch/alert.ts';
import { fingerprintOf } from '../identity/fingerprint.ts';
import { rehearsalEngine } from '../scenario/rehearsal.ts';
import type { AlertSpan } from './rule-backtest.ts';

/** A notification that tells of an alert that fires. */
export interface Page {
  readonly atMs: number;
  readonly receiver: string;
  /** `pager/slack/0` */
  readonly integration: string;
  /** Names of the alerts that it says fire. */
  readonly alerts: ReadonlySet<string>;
}

export interface PastAlerts {
  readonly firing: readonly AlertSpan[];
  /** Before they fired, or without. */
  readonly pending: readonly AlertSpan[];
}

const A_DAY_MS = 24 * 3_600_000;
/** Between two looks at the signal, and two words of progress. */
const PROGRESS_MS = 3_600_000;

/** @param endMs until when, Unix ms; spans that go on fire longer
 *  @param onProgress is told the time up to which all are told
 *  Cost: O(spans) posts, and a turn of the event loop for each flush of a group. */
export async function rehearsePages(
  { firing, pending }: PastAlerts,
  told: ConfiguredEngine,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  onProgress: (atMs: number) => void,
  signal: AbortSignal,
): Promise<readonly Page[]> {
  const clock = new FakeClock(startMs);
  const pages: Page[] = [];
  const engine = rehearsalEngine(withoutLimit(told), {
    clock,
    receive: (integration, _config, { receiver, alerts, timeMs }) => {
      const those = alerts.filter((alert) => !isResolved(alert, timeMs));
      const names = new Set(those.map(({ labels }) => labels.get('alertname')));
      if (names.size > 0) pages.push({ atMs: clock.nowMs(), receiver, integration, alerts: names });
      return { kind: 'sent' };
    },
    record: () => undefined,
    pendingAlerts: () => pending.filter((span) => isWithin(span, clock.nowMs())).map(({ labels }) => labels),
  });
  const goTo = async (timeMs: number): Promise<void> => {
    for (let leftMs = timeMs - clock.nowMs(); leftMs > 0; leftMs = timeMs - clock.nowMs()) {
      signal.throwIfAborted();
      await clock.advance(Math.min(leftMs, PROGRESS_MS));
      onProgress(clock.nowMs());
    }
  };
  await engine.start();
  try {
    for (const [timeMs, starting] of byStart(firing)) {
      await goTo(timeMs);
      await engine.post(starting.map((span) => postedSpan(span, endMs)));
    }
    await goTo(endMs);
  } finally {
    await engine.close({ graceMs: 0 });
  }
  return pages;
}

/** All that there are, whatever a service would take. */
function withoutLimit(told: ConfiguredEngine): ConfiguredEngine {
  const { options } = told;
  return { ...told, options: { ...options, limits: { ...options.limits, alerts: Number.POSITIVE_INFINITY } } };
}

function isWithin({ startMs, endMs = Number.POSITIVE_INFINITY }: AlertSpan, timeMs: number): boolean {
  return startMs <= timeMs && timeMs < endMs;
}

function byStart(spans: readonly AlertSpan[]): Iterable<readonly [number, readonly AlertSpan[]]> {
  const groups = new Map<number, AlertSpan[]>();
  for (const span of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    const known = groups.get(span.startMs);
    if (known === undefined) groups.set(span.startMs, [span]);
    else known.push(span);
  }
  return groups;
}

function postedSpan({ labels, annotations, startMs, endMs }: AlertSpan, lastMs: number): PostedAlert {
  return {
    fingerprint: fingerprintOf(labels),
    labels: labels.filter((name) => labels.get(name) !== ''),
    annotations,
    startsAtMs: startMs,
    endsAtMs: endMs ?? lastMs + A_DAY_MS,
    updatedAtMs: startMs,
    generatorUrl: '',
    hasTimeout: false,
  };
}
