/** `GET /explain?hpa=NAMESPACE/NAME`: why an HPA does what it does. */
import { describeError, errorCode } from '@vigie/core/errors';
import { HttpError, jsonReply } from '@vigie/core/http-server/exchange';
import type { Route } from '@vigie/core/http-server/routes';
import type { Cluster } from './cluster.ts';

export function explainRoute(cluster: Pick<Cluster, 'explain'>): Route {
  return {
    methods: ['GET'],
    path: '/explain',
    handler: async ({ query, signal }) => {
      const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(query.get('hpa') ?? '') ?? [];
      if (namespace === undefined || name === undefined) throw new HttpError(400, 'hpa: expected NAMESPACE/NAME');
      try {
        const explained = await cluster.explain(namespace, name, signal);
        if (explained !== undefined) return jsonReply(explained);
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
