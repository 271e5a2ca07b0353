/** Every dashboard, by the file that Grafana reads. */

import { alertingBoard } from './boards/alerting.ts';
import { type BoardDefinition, buildBoard } from './boards/board.ts';
import { collectorBoard } from './boards/collector.ts';
import { metricsBoard } from './boards/metrics.ts';
import { nodeAgentBoard } from './boards/node-agent.ts';
import { sidecarShipBoard } from './boards/sidecar-ship.ts';
import { sidecarStreamBoard } from './boards/sidecar-stream.ts';
import { sidecarWebhookBoard } from './boards/sidecar-webhook.ts';

export const BOARDS: readonly { readonly file: string; readonly definition: BoardDefinition }[] = [
  { file: 'dashboards/alerting.json', definition: alertingBoard },
  { file: 'dashboards/collector.json', definition: collectorBoard },
  { file: 'dashboards/metrics.json', definition: metricsBoard },
  { file: 'dashboards/node-agent.json', definition: nodeAgentBoard },
  { file: 'dashboards/sidecar-ship.json', definition: sidecarShipBoard },
  { file: 'dashboards/sidecar-stream.json', definition: sidecarStreamBoard },
  { file: 'dashboards/sidecar-webhook.json', definition: sidecarWebhookBoard },
];

/** The files' contents, by path from the repository's root. */
export function dashboardFiles(): Map<string, string> {
  return new Map(BOARDS.map(({ file, definition }) => [file, `${JSON.stringify(buildBoard(definition), null, 2)}\n`]));
}
