/** The dashboard of the shipping sidecars: the node agent's, of processes that know one pod each. */
import { sidecarShipQueries as q } from '../queries/sidecar-ship.ts';
import type { BoardDefinition } from './board.ts';
import { LOG_RUNTIME_OVERVIEW, LOG_RUNTIME_ROWS, logRuntimeVariables, RESTARTS_AND_RELOADS } from './log-runtime.ts';
import { processPanels } from './process-panels.ts';

export const sidecarShipBoard: BoardDefinition = {
  uid: 'vigie-sidecar-ship',
  title: 'Vigie / Shipping sidecars',
  description: 'Logs of one pod each, from files and from what its containers push, to the sinks.',
  tags: ['vigie', 'logs'],
  variables: logRuntimeVariables('Sidecar'),
  overview: [
    { title: 'Sidecars', description: 'Sidecars that answer Prometheus.', unit: 'none', query: q.agents },
    ...LOG_RUNTIME_OVERVIEW,
  ],
  rows: [
    ...LOG_RUNTIME_ROWS,
    {
      title: 'Processes',
      panels: [
        {
          title: 'Busiest sidecars',
          description:
            'Bytes read. Each of them is a process in its pod: many that are busy cost more than a node agent.',
          unit: 'Bps',
          queries: [q.busiest],
        },
        ...processPanels(q),
        RESTARTS_AND_RELOADS,
        {
          title: "Lines of the sidecars' own logs dropped",
          description: 'stderr had no room for them. Records are never dropped for that.',
          unit: 'cps',
          queries: [q.ownLinesDropped],
        },
      ],
    },
  ],
};
