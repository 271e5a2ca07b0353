import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from './scenario.ts';

export const DATA_STREAM = 'logs-torture-default';

/** Where the parts of one scenario's node lie. */
export interface Layout {
  readonly root: string;
  readonly config: string;
  readonly dataDir: string;
  readonly deadLetters: string;
  readonly secondSink: string;
}

export function layoutOf(root: string): Layout {
  return {
    root,
    config: join(root, 'agent.yaml'),
    dataDir: join(root, 'data'),
    deadLetters: join(root, 'dead-letters.ndjson'),
    secondSink: join(root, 'second.ndjson'),
  };
}

/** The one place that knows the agent's configuration keys. Timings are shortened so that a scenario, in which
 *  minutes of a node's life happen, takes a second.
 *  @param variant reloads change something harmless with it */
export function writeAgentConfig(layout: Layout, settings: Settings, sinkUrl: string, variant: number): void {
  const pattern = settings.paths === 'containers' ? 'containers/*.log' : 'pods/*/*/*.log';
  const target = settings.target === 'data_stream' ? `data_stream: ${DATA_STREAM}` : 'index: torture-%Y.%m.%d';
  const second = `
  copy:
    type: file
    inputs: [pods]
    path: ${layout.secondSink}`;
  // As a ConfigMap volume does it: nobody ever reads half a file.
  writeFileSync(
    `${layout.config}.new`,
    `data_dir: ${layout.dataDir}
listen: 127.0.0.1:0
checkpoint_interval: ${variant % 2 === 0 ? '20ms' : '50ms'}
shutdown_grace: 1s
sources:
  pods:
    type: kubernetes_logs
    paths: ["${join(layout.root, pattern)}"]
    read_from: beginning
    metadata: none
    max_line_bytes: ${settings.maxLineBytes}
    max_open_files: ${settings.maxOpenFiles}
    read_bytes: ${settings.readBytes}
    reconcile_interval: 200ms
sinks:
  es:
    type: elasticsearch
    inputs: [pods]
    endpoints: ["${sinkUrl}"]
    ${target}
    id: deterministic
    compression: ${settings.compression}
    setup: false
    max_in_flight: ${settings.maxInFlight}
    batch: { max_bytes: ${settings.batchBytes}, timeout: 20ms }
    retry: { initial: 10ms, max: 100ms }
    dead_letter: { path: "${layout.deadLetters}" }${settings.secondSink ? second : ''}
`,
  );
  renameSync(`${layout.config}.new`, layout.config);
}
