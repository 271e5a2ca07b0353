/** Answers `GET /explain?hpa=NAMESPACE/NAME`: reads the HPA, its target's scale and its pods, and asks the adapter about each metric. */
import type { Clock } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import { describeObstacle } from '@vigie/kube/answer';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import type { Collection } from '@vigie/kube/collection';
import { listAll } from '@vigie/kube/list';
import * as v from 'valibot';
import type { ExplainQuestion } from '../adapter/explain-question.ts';
import type { MetricExplanation } from '../adapter/explanation.ts';
import type { RestMapper } from '../adapter/rest-mapper.ts';
import { explainHpa, type ScaleFacts } from '../hpa/explain-hpa.ts';
import type { ExplainedHpa } from '../hpa/explained-hpa.ts';
import { hpaSchema } from '../hpa/hpa-object.ts';
import type { HpaPod } from '../hpa/hpa-pod.ts';
import { CONTROLLER_DEFAULTS, type MetricSpec } from '../hpa/hpa-spec.ts';
import type { MetricsSource } from '../hpa/metrics-source.ts';
import { podSchema } from '../hpa/pod-object.ts';
import { type ApiGroup, CUSTOM_METRICS, EXTERNAL_METRICS, RESOURCE_METRICS } from '../metrics-api/api-groups.ts';

export interface ExplainDeps {
  readonly client: Pick<KubeClient, 'request' | 'stream'>;
  readonly mapper: RestMapper;
  readonly clock: Clock;
  /** undefined where the collector has none. */
  readonly metricsApi:
    | {
        explainMetric(question: ExplainQuestion, signal: AbortSignal): Promise<MetricExplanation>;
        /** Whom the cluster asks for metrics of the group, where that is another. */
        servedBy(group: ApiGroup): string | undefined;
      }
    | undefined;
}

const AUTOSCALERS = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' };
const PODS = { group: '', version: 'v1', resource: 'pods' };
/** Of a list that the API server does not serve from its cache. */
const PODS_PER_PAGE = 500;

const statusSchema = v.object({
  status: v.nullish(
    v.object({
      conditions: v.nullish(
        v.array(
          v.object({
            type: v.string(),
            status: v.string(),
            reason: v.nullish(v.string(), ''),
            message: v.nullish(v.string(), ''),
          }),
        ),
        [],
      ),
    }),
    {},
  ),
});
type Conditions = v.InferOutput<typeof statusSchema>['status']['conditions'];
const autoscalerSchema = v.intersect([hpaSchema, statusSchema]);
const scaleSchema = v.object({
  spec: v.nullish(v.object({ replicas: v.nullish(v.number(), 0) }), {}),
  status: v.nullish(v.object({ replicas: v.nullish(v.number(), 0), selector: v.nullish(v.string(), '') }), {}),
});

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
  const autoscaler = await read(client, resourcePath(AUTOSCALERS, namespace, name), autoscalerSchema, signal);
  if (autoscaler === undefined) return undefined;
  const { status, ...hpa } = autoscaler;
  const { apiVersion, kind, name: target } = hpa.scaleTarget;
  const resource = await mapper.resolve({ group: groupOf(apiVersion), resource: kind.toLowerCase() });
  if (resource === undefined) throw unavailable(`no resource is known of the kind ${kind} in ${apiVersion}`);
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  const scalePath = `${resourcePath({ ...resource, version }, namespace, target)}/scale`;
  const scale = await read(client, scalePath, scaleSchema, signal);
  if (scale === undefined) throw unavailable(`its target ${kind} ${target} is not there`);
  const { selector: podSelector, replicas: statusReplicas } = scale.status;
  const facts: ScaleFacts = {
    specReplicas: scale.spec.replicas,
    statusReplicas,
    podSelector,
    selectorProblem: selectorProblemOf(podSelector, status.conditions),
  };
  const pods = podSelector === '' ? [] : await podsOf(client, namespace, podSelector, signal);
  return explainHpa(hpa, facts, sourceOf(metricsApi), pods, CONTROLLER_DEFAULTS, clock, signal);
}

/** What keeps the controller from all metrics: it does not know the pods, or another HPA scales them too, which it alone finds out.
 *  Source: kubernetes v1.36.3, horizontal.go, validateAndParseSelector. */
function selectorProblemOf(podSelector: string, conditions: Conditions): string | undefined {
  if (podSelector === '') return "the HPA target's scale is missing a selector";
  const found = conditions.find(
    ({ type, status, reason }) => type === 'ScalingActive' && status === 'False' && SELECTOR_REASONS.has(reason),
  );
  return found?.message;
}

const SELECTOR_REASONS: ReadonlySet<string> = new Set(['AmbiguousSelector', 'InvalidSelector']);

/** One by one: thousands of them are more than an answer may have.
 *  @throws {VigieError} KUBE_UNAVAILABLE; the signal's reason */
async function podsOf(
  client: Pick<KubeClient, 'stream'>,
  namespace: string,
  labelSelector: string,
  signal: AbortSignal,
): Promise<readonly HpaPod[]> {
  const path = resourcePath(PODS, namespace);
  const pods: Collection<HpaPod> = {
    path,
    selectors: { labelSelector },
    form: { decode: podOf },
    key: (pod) => pod.name,
  };
  const listed = await listAll(client, pods, { resourceVersion: '0', limit: PODS_PER_PAGE }, signal);
  if (listed.status !== 'ok') throw unavailable(`${path}: ${describeObstacle(listed)}`);
  if (listed.undecodable > 0) throw unavailable(`${path}: ${listed.undecodable} pods cannot be read`);
  return [...listed.items.values()];
}

/** @throws {VigieError} KUBE_OBJECT_INVALID */
function podOf(object: unknown): HpaPod {
  const pod = v.safeParse(podSchema, object);
  if (pod.success) return pod.output;
  throw new VigieError('KUBE_OBJECT_INVALID', pod.issues[0].message);
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
  client: Pick<KubeClient, 'request'>,
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
    servedBy: (type) => api.servedBy(API_OF[type]),
  };
}

/** Which API the controller asks. */
const API_OF: Readonly<Record<MetricSpec['type'], ApiGroup>> = {
  resource: RESOURCE_METRICS,
  container_resource: RESOURCE_METRICS,
  pods: CUSTOM_METRICS,
  object: CUSTOM_METRICS,
  external: EXTERNAL_METRICS,
};

/** @returns undefined where it is not there */
async function read<Schema extends v.GenericSchema>(
  client: Pick<KubeClient, 'request'>,
  path: string,
  schema: Schema,
  signal: AbortSignal,
): Promise<v.InferOutput<Schema> | undefined> {
  const answer = await client.request({ method: 'GET', path }, signal);
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
