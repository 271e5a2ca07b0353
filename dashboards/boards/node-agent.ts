/** The node agent's dashboard. */
import { nodeAgentQueries as q } from '../queries/node-agent.ts';
import type { BoardDefinition } from './board.ts';
import { LOG_RUNTIME_OVERVIEW, LOG_RUNTIME_ROWS, logRuntimeVariables, RESTARTS_AND_RELOADS } from './log-runtime.ts';
import { processPanels } from './process-panels.ts';

export const nodeAgentBoard: BoardDefinition = {
  uid: 'vigie-node-agent',
  title: 'Vigie / Node agent',
  description: 'Container logs, from the nodes to the sinks.',
  tags: ['vigie', 'logs'],
  variables: logRuntimeVariables('Agent'),
  overview: [
    { title: 'Agents', description: 'Agents that answer Prometheus.', unit: 'none', query: q.agents },
    ...LOG_RUNTIME_OVERVIEW,
  ],
  rows: [
    ...LOG_RUNTIME_ROWS,
    {
      title: 'Pods',
      panels: [
        {
          title: 'Pods known',
          description: 'Pods of the node, and those that are gone but whose logs are not read to their end.',
          unit: 'none',
          queries: [q.pods],
        },
        {
          title: 'Logs begun without metadata',
          description:
            'Container logs of whose pod nothing was known in time: their first records have what the path says. Labels and annotations left out because they are too long.',
          unit: 'cps',
          queries: [q.metadataIncomplete, q.metadataLeftOut],
        },
        {
          title: 'Annotations',
          description:
            'Annotations that ask for something that is not done, by reason, and container logs that annotations leave out.',
          unit: 'none',
          queries: [q.annotationErrors, q.excludedLogs],
        },
        {
          title: 'Agents that hear nothing of pods',
          description: 'The API server or the kubelet does not answer, or refuses. Logs go on with what is known.',
          unit: 'none',
          queries: [q.podSourcesDown],
        },
        {
          title: 'Requests for pods',
          description: 'Lists and watches, those that failed, and writes of the pod cache. They do not grow with logs.',
          unit: 'cps',
          queries: [q.podSourceRequests, q.podSourceFailures, q.podCacheWrites],
        },
        { title: 'Bytes about pods', description: 'Received.', unit: 'Bps', queries: [q.podSourceBytes] },
      ],
    },
    {
      title: 'Metrics of the node',
      panels: [
        { title: 'Scrapes of the node', description: 'Of /metrics/node.', unit: 'cps', queries: [q.hostScrapes] },
        {
          title: 'Collectors that failed',
          description: 'By reason; hanging: it has not come back from an earlier scrape.',
          unit: 'cps',
          queries: [q.hostFailures],
        },
      ],
    },
    { title: 'Process', panels: [...processPanels(q), RESTARTS_AND_RELOADS] },
  ],
};
