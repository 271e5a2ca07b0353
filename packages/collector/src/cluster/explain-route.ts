/** `GET /explain?hpa=NAMESPACE/NAME`: why an HPA does what it does; `/explain/manifest?hpa=…`: what is written of it; `/explain/metrics`: what
 *  HPAs can be scaled on. */
import { describeError, errorCode } from '@vigie/core/errors';
import { HttpError, jsonReply } from '@vigie/core/http-server/exchange';
import type { Route } from '@vigie/core/http-server/routes';
import type { Cluster } from './cluster.ts';

export function explainRoute(cluster: Pick<Cluster, 'explain'>): Route {
  return ofHpa('/explain', (namespace, name, signal) => cluster.explain(namespace, name, signal));
}

export function hpaManifestRoute(cluster: Pick<Cluster, 'hpaManifest'>): Route {
  return ofHpa('/explain/manifest', (namespace, name, signal) => cluster.hpaManifest(namespace, name, signal));
}

/** @param answer undefined where there is no such HPA */
function ofHpa(
  path: string,
  answer: (namespace: string, name: string, signal: AbortSignal) => Promise<object | undefined>,
): Route {
  return {
    methods: ['GET'],
    path,
    handler: async ({ query, signal }) => {
      const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(query.get('hpa') ?? '') ?? [];
      if (namespace === undefined || name === undefined) throw new HttpError(400, 'hpa: expected NAMESPACE/NAME');
      try {
        const answered = await answer(namespace, name, signal);
        if (answered !== undefined) return jsonReply(answered);
      } catch (error) {
        const code = errorCode(error);
        if (code === 'METRICS_API_OFF') throw new HttpError(404, describeError(error));
        if (code === 'KUBE_UNAVAILABLE') throw new HttpError(502, describeError(error));
        throw error;
      }
      throw new HttpError(404, `there is no HorizontalPodAutoscaler ${namespace}/${name}`);
    },
  };
}

export function listMetricsRoute(cluster: Pick<Cluster, 'listMetrics'>): Route {
  return {
    methods: ['GET'],
    path: '/explain/metrics',
    handler: async ({ signal }) => {
      try {
        return jsonReply(await cluster.listMetrics(signal));
      } catch (error) {
        if (errorCode(error) === 'METRICS_API_OFF') throw new HttpError(404, describeError(error));
        throw error;
      }
    },
  };
}
