/** Tells by Events of Kubernetes that a metric of an HPA cannot be served, and why: found when its controller asks in vain. */
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { describeError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { describeObstacle } from '@vigie/kube/answer';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import { createEvent, type NewEvent } from '@vigie/kube/create-event';
import { type RepeatOutcome, repeatEvent } from '@vigie/kube/repeat-event';
import * as v from 'valibot';
import type { ExplainedHpa } from '../hpa/explained-hpa.ts';
import { hpaSchema } from '../hpa/hpa-object.ts';
import type { HpaSpec } from '../hpa/hpa-spec.ts';
import { gapOf } from '../hpa/metric-gap.ts';
import type { HpaEventCounts } from './hpa-event-telemetry.ts';

export interface HpaEventsDeps {
  readonly client: Pick<KubeClient, 'request'>;
  /** Of one HPA; undefined where it is gone. */
  readonly explain: (namespace: string, name: string, signal: AbortSignal) => Promise<ExplainedHpa | undefined>;
  /** Of this process, in the Events. */
  readonly hostName: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Of an HPA and a reason: more is noise, and Events live in etcd. */
const EVENT_INTERVAL_MS = 300_000;
/** Its controller asks for all metrics of an HPA at once: they are looked at together. */
const LOOK_DELAY_MS = 1000;
/** Of a namespace: its HPAs are listed and explained at most so often. */
const LOOK_INTERVAL_MS = 60_000;
/** Requests for metrics that nobody knows may be many; the controller asks again in 15 s. */
const MAX_NAMESPACES = 1000;
const CONTROLLER = 'vigie.io/collector';
const AUTOSCALERS = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' };

const listSchema = v.object({ items: v.array(v.unknown()) });
const uidSchema = v.object({ metadata: v.object({ uid: v.string() }) });

export class HpaEvents {
  readonly counts: HpaEventCounts = { sent: 0, repeated: 0, known: 0, limited: 0, failed: 0 };
  readonly #deps: HpaEventsDeps;
  readonly #ending = new AbortController();
  readonly #look = coalesce(() => this.#lookAtAll());
  #asked = new Set<string>();
  #timer: Timer | undefined;
  /** When, by namespace. */
  readonly #looked = new Map<string, number>();
  /** When, by HPA and reason. */
  readonly #told = new Map<string, number>();

  constructor(deps: HpaEventsDeps) {
    this.#deps = deps;
  }

  /** Somebody asked for a metric of this namespace and got no value. Returns at once. */
  unserved(namespace: string): void {
    if (this.#ending.signal.aborted || this.#asked.size >= MAX_NAMESPACES) return;
    if (isRecent(this.#looked.get(namespace), LOOK_INTERVAL_MS, this.#deps.clock)) return;
    this.#asked.add(namespace);
    this.#timer ??= this.#deps.clock.setTimer(LOOK_DELAY_MS, () => {
      this.#timer = undefined;
      this.#look().catch((error: unknown) => {
        if (!this.#ending.signal.aborted) this.#deps.log.error('events of HPAs cannot be told', { error });
      });
    });
  }

  async close(): Promise<void> {
    this.#ending.abort(new DOMException('the collector ends', 'AbortError'));
    this.#timer?.cancel();
    await this.#look().catch(() => undefined);
  }

  async #lookAtAll(): Promise<void> {
    const { clock } = this.#deps;
    const namespaces = this.#asked;
    this.#asked = new Set();
    for (const [key, atMs] of this.#told) if (!isRecent(atMs, EVENT_INTERVAL_MS, clock)) this.#told.delete(key);
    for (const [key, atMs] of this.#looked) if (!isRecent(atMs, LOOK_INTERVAL_MS, clock)) this.#looked.delete(key);
    for (const namespace of namespaces) {
      if (this.#ending.signal.aborted) return;
      this.#looked.set(namespace, clock.monotonicMs());
      for (const { hpa, uid } of await this.#autoscalers(namespace)) await this.#lookAt(hpa, uid);
    }
  }

  async #autoscalers(namespace: string): Promise<readonly { readonly hpa: HpaSpec; readonly uid: string }[]> {
    const { client, log } = this.#deps;
    const path = resourcePath(AUTOSCALERS, namespace);
    const answer = await client.request({ method: 'GET', path }, this.#ending.signal);
    if (answer.status !== 'ok') {
      log.warn('the HPAs of a namespace cannot be listed', { namespace, detail: describeObstacle(answer) });
      return [];
    }
    const list = v.safeParse(listSchema, answer.body);
    return (list.success ? list.output.items : []).flatMap((item) => {
      // Items of a list do not name their kind.
      const hpa = v.safeParse(
        hpaSchema,
        typeof item === 'object' ? { kind: 'HorizontalPodAutoscaler', ...item } : item,
      );
      const identity = v.safeParse(uidSchema, item);
      return hpa.success && identity.success ? [{ hpa: hpa.output, uid: identity.output.metadata.uid }] : [];
    });
  }

  async #lookAt({ namespace, name }: HpaSpec, uid: string): Promise<void> {
    const { explain, log } = this.#deps;
    let explained: ExplainedHpa | undefined;
    try {
      explained = await explain(namespace, name, this.#ending.signal);
    } catch (error) {
      this.#ending.signal.throwIfAborted();
      log.warn('an HPA cannot be explained', { hpa: `${namespace}/${name}`, detail: describeError(error) });
    }
    // Without replicas nothing is scaled, and no metric asked for. Of what keeps it from all metrics the controller itself tells.
    if (explained === undefined || explained.replicas.wanted === 0 || explained.problem !== undefined) return;
    for (const metric of explained.metrics) {
      const gap = gapOf(metric);
      // What another server is asked for, it may have.
      if (gap === undefined || metric.servedBy !== undefined) continue;
      const note = `${gap.message} Details: vigie hpa explain ${namespace}/${name}`;
      await this.#tell({ namespace, name, uid }, gap.reason, note);
    }
  }

  async #tell(
    { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
    reason: string,
    note: string,
  ): Promise<void> {
    const { clock, hostName, log } = this.#deps;
    const key = `${uid}/${reason}`;
    if (isRecent(this.#told.get(key), EVENT_INTERVAL_MS, clock)) {
      this.counts.limited++;
      return;
    }
    this.#told.set(key, clock.monotonicMs());
    // All replicas give it the same name, whenever they see it: there is one Event, which is counted.
    const suffix = createHash('sha256').update(key).digest('hex').slice(0, 16);
    const outcome = await this.#say({
      name: `${name.slice(0, 200)}.${suffix}`,
      regarding: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', namespace, name, uid },
      type: 'Warning',
      reason,
      action: 'ServeMetric',
      note,
      reportingController: CONTROLLER,
      reportingInstance: hostName,
      timeMs: clock.nowMs(),
    });
    switch (outcome.status) {
      case 'created':
        this.counts.sent++;
        return;
      case 'repeated':
        this.counts.repeated++;
        return;
      case 'recent':
        this.counts.known++;
        return;
      case 'refused':
      case 'failed':
        this.counts.failed++;
        log.warn('an event cannot be told', { hpa: `${namespace}/${name}`, detail: describeObstacle(outcome) });
    }
  }

  async #say(event: NewEvent): Promise<RepeatOutcome | { readonly status: 'created' }> {
    const { client } = this.#deps;
    const { signal } = this.#ending;
    const outcome = await createEvent(client, event, signal);
    return outcome.status === 'exists' ? repeatEvent(client, event, EVENT_INTERVAL_MS, signal) : outcome;
  }
}

function isRecent(atMs: number | undefined, intervalMs: number, clock: Clock): boolean {
  return atMs !== undefined && clock.monotonicMs() - atMs < intervalMs;
}
