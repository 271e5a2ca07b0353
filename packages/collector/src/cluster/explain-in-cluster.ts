/** Answers `GET /explain?hpa=NAMESPACE/NAME`: reads the HPA, its target's scale and its pods, and asks the adapter about each metric. */
import type { Clock } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import { describeObstacle } from '@vigie/kube/answer';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import * as v from 'valibot';
import type { ExplainQuestion } from '../adapter/explain-question.ts';
import type { MetricExplanation } from '../adapter/explanation.ts';
import type { RestMapper } from '../adapter/rest-mapper.ts';
import { explainHpa, type ScaleFacts } from '../hpa/explain-hpa.ts';
import type { ExplainedHpa } from '../hpa/explained-hpa.ts';
import { hpaSchema } from '../hpa/hpa-object.ts';
import type { HpaPod } from '../hpa/hpa-pod.ts';
import { CONTROLLER_DEFAULTS } from '../hpa/hpa-spec.ts';
import type { MetricsSource } from '../hpa/metrics-source.ts';
import { podSchema } from '../hpa/pod-object.ts';

export interface ExplainDeps {
  readonly client: Pick<KubeClient, 'request'>;
  readonly mapper: RestMapper;
  readonly clock: Clock;
  /** undefined where the collector has none. */
  readonly metricsApi:
    | { explainMetric(question: ExplainQuestion, signal: AbortSignal): Promise<MetricExplanation> }
    | undefined;
}

const AUTOSCALERS = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' };
const PODS = { group: '', version: 'v1', resource: 'pods' };

const scaleSchema = v.object({
  spec: v.nullish(v.object({ replicas: v.nullish(v.number(), 0) }), {}),
  status: v.nullish(v.object({ replicas: v.nullish(v.number(), 0), selector: v.nullish(v.string(), '') }), {}),
});
const podsSchema = v.object({ items: v.array(podSchema) });

/** @returns undefined where there is no such HPA
 *  @throws {VigieError} METRICS_API_OFF, KUBE_UNAVAILABLE; the signal's reason */
export async function explainInCluster(
  namespace: string,
  name: string,
  deps: ExplainDeps,
  signal: AbortSignal,
): Promise<ExplainedHpa | undefined> {
  const { client, mapper, clock, metricsApi } = deps;
  if (metricsApi === undefined) throw metricsApiOff();
  const hpa = await read(client, resourcePath(AUTOSCALERS, namespace, name), hpaSchema, signal);
  if (hpa === undefined) return undefined;
  const { apiVersion, kind, name: target } = hpa.scaleTarget;
  const resource = await mapper.resolve({ group: groupOf(apiVersion), resource: kind.toLowerCase() });
  if (resource === undefined) throw unavailable(`no resource is known of the kind ${kind} in ${apiVersion}`);
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  const scalePath = `${resourcePath({ ...resource, version }, namespace, target)}/scale`;
  const scale = await read(client, scalePath, scaleSchema, signal);
  if (scale === undefined) throw unavailable(`its target ${kind} ${target} is not there`);
  const facts: ScaleFacts = {
    specReplicas: scale.spec.replicas,
    statusReplicas: scale.status.replicas,
    podSelector: scale.status.selector,
  };
  const ofTarget = { labelSelector: facts.podSelector };
  const pods = await read(client, resourcePath(PODS, namespace), podsSchema, signal, ofTarget);
  const items: readonly HpaPod[] = pods?.items ?? [];
  return explainHpa(hpa, facts, sourceOf(metricsApi), items, CONTROLLER_DEFAULTS, clock, signal);
}

const manifestSchema = v.object({
  apiVersion: v.string(),
  kind: v.string(),
  metadata: v.object({ namespace: v.string(), name: v.string() }),
  spec: v.unknown(),
});
export type HpaManifest = v.InferOutput<typeof manifestSchema>;

/** An HPA as the API server has it, without what nobody computes with.
 *  @returns undefined where there is no such HPA
 *  @throws {VigieError} KUBE_UNAVAILABLE; the signal's reason */
export function readHpaManifest(
  namespace: string,
  name: string,
  client: ExplainDeps['client'],
  signal: AbortSignal,
): Promise<HpaManifest | undefined> {
  return read(client, resourcePath(AUTOSCALERS, namespace, name), manifestSchema, signal);
}

function sourceOf(api: NonNullable<ExplainDeps['metricsApi']>): MetricsSource {
  return {
    resource: ({ resource, ...asked }, signal) => {
      if (resource !== 'cpu' && resource !== 'memory') throw unavailable(`there is no resource metric ${resource}`);
      return api.explainMetric({ kind: 'resource', resource, ...asked }, signal);
    },
    pods: (asked, signal) => api.explainMetric({ kind: 'pods', ...asked }, signal),
    object: ({ object: { apiVersion, kind, name }, ...asked }, signal) => {
      const object = { group: groupOf(apiVersion), resource: kind.toLowerCase() };
      return api.explainMetric({ kind: 'object', object, name, ...asked }, signal);
    },
    external: (asked, signal) => api.explainMetric({ kind: 'external', ...asked }, signal),
  };
}

/** @returns undefined where it is not there */
async function read<Schema extends v.GenericSchema>(
  client: ExplainDeps['client'],
  path: string,
  schema: Schema,
  signal: AbortSignal,
  query: Readonly<Record<string, string>> = {},
): Promise<v.InferOutput<Schema> | undefined> {
  const answer = await client.request({ method: 'GET', path, query }, signal);
  switch (answer.status) {
    case 'ok': {
      const decoded = v.safeParse(schema, answer.body);
      if (decoded.success) return decoded.output;
      throw unavailable(`${path}: ${decoded.issues[0].message}`);
    }
    case 'refused':
      if (answer.httpStatus === 404) return undefined;
      throw unavailable(`${path}: ${describeObstacle(answer)}`);
    case 'failed':
      throw unavailable(`${path}: ${describeObstacle(answer)}`);
  }
}

function groupOf(apiVersion: string): string {
  const at = apiVersion.indexOf('/');
  return at < 0 ? '' : apiVersion.slice(0, at);
}

export function metricsApiOff(): VigieError {
  return new VigieError('METRICS_API_OFF', 'this collector serves no metrics APIs: metrics_api is not configured');
}

function unavailable(detail: string): VigieError {
  return new VigieError('KUBE_UNAVAILABLE', `the HPA cannot be explained: ${detail}`);
}
