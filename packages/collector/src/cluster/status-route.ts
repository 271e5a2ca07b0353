/** `GET /status`: the objects of the Prometheus operator, and what is wrong with those that cannot be used. */
import { jsonReply } from '@vigie/core/http-server/exchange';
import type { Route } from '@vigie/core/http-server/routes';
import type { Cluster } from './cluster.ts';

export function statusRoute(cluster: Pick<Cluster, 'operatorStatus'>): Route {
  return {
    methods: ['GET'],
    path: '/status',
    handler: () => jsonReply({ operatorObjects: cluster.operatorStatus() ?? null }),
  };
}
