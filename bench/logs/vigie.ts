/** The node agent as it is shipped (the built bundle) under the node of VIGIE_BENCH_NODE. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MeasuredNode, measuredNode } from '../harness/measured-node.ts';
import { type Contender, fillPlaces } from './contender.ts';

/** Labels of a pod as a chart, a mesh and a deployment tool leave them together. */
export const POD_LABELS: Readonly<Record<string, string>> = {
  app: 'checkout',
  component: 'api',
  environment: 'production',
  'app.kubernetes.io/name': 'checkout',
  'app.kubernetes.io/instance': 'checkout-eu-west-1',
  'app.kubernetes.io/version': '4.18.2',
  'app.kubernetes.io/component': 'api',
  'app.kubernetes.io/part-of': 'shop',
  'app.kubernetes.io/managed-by': 'Helm',
  'helm.sh/chart': 'checkout-4.18.2',
  'pod-template-hash': '7d9c5b6f4',
  'topology.kubernetes.io/region': 'eu-west-1',
  'topology.kubernetes.io/zone': 'eu-west-1b',
  'security.istio.io/tlsMode': 'istio',
  'service.istio.io/canonical-name': 'checkout',
  'service.istio.io/canonical-revision': 'stable',
  'sidecar.istio.io/inject': 'true',
  team: 'payments-platform',
  'cost-center': 'cc-4711',
  'argocd.argoproj.io/instance': 'shop-production',
};

/** As the image runs it (deploy/images/vigie). */
export const IMAGE_FLAGS = ['--no-maglev'] as const;
/** deploy/images/vigie.Dockerfile */
export const IMAGE_ENV = {
  NODE_OPTIONS: '--max-semi-space-size=1 --v8-pool-size=1',
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '65536',
};

/** The line every long-running command of vigie prints once its port is open. */
export const LISTENING = /listening on (http:\S+) \(http\)/;

export interface VigieOptions {
  readonly id: 'none' | 'deterministic';
  readonly labels: boolean;
  readonly parseJson: boolean;
  readonly compression: 'none' | 'deflate';
}

export const PLAIN_VIGIE: VigieOptions = { id: 'none', labels: false, parseJson: false, compression: 'deflate' };

export interface AgentUnderTest extends MeasuredNode {
  readonly bundle: string;
}

/** @throws with what to do when the agent is not built or the node does not run */
export function agentUnderTest(rootDir: string): AgentUnderTest {
  const bundle = join(rootDir, 'packages/cli/dist/vigie.cjs');
  if (!existsSync(bundle)) throw new Error('the agent is not built: npm run build');
  return { ...measuredNode(), bundle };
}

export function vigieContender(agent: AgentUnderTest, options: VigieOptions, name = 'vigie'): Contender {
  return agentContender(agent, agentYaml(options), name);
}

/** @param configuration a whole agent.yaml, with the places of `fillPlaces` */
export function agentContender(agent: AgentUnderTest, configuration: string, name: string): Contender {
  return {
    name,
    version: `node ${agent.nodeVersion}`,
    exact: true,
    readyPattern: LISTENING,
    configuration,
    launch(place) {
      const file = join(place.workDir, 'agent.yaml');
      writeFileSync(file, fillPlaces(configuration, place));
      const args = [...IMAGE_FLAGS, agent.bundle, 'node-agent', '--config', file];
      return { command: agent.nodePath, args, env: IMAGE_ENV };
    },
  };
}

function agentYaml({ id, labels, parseJson, compression }: VigieOptions): string {
  const staticLabels = labels ? `\n    static_labels: ${JSON.stringify(POD_LABELS)}` : '';
  const transforms = parseJson
    ? 'transforms:\n  json: { type: parse_json, inputs: [pods], target: "", on_error: keep }\n'
    : '';
  return `data_dir: WORK/data
listen: 127.0.0.1:0
sources:
  pods:
    type: kubernetes_logs
    paths: ["LOGS/containers/*.log"]
    read_from: beginning${staticLabels}
${transforms}sinks:
  es:
    type: elasticsearch
    inputs: [${parseJson ? 'json' : 'pods'}]
    endpoints: ["http://127.0.0.1:SINK_PORT"]
    data_stream: logs-kubernetes-default
    id: ${id}
    compression: ${compression}
    setup: false
`;
}
