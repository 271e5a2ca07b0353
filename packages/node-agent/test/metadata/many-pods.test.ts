import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { testPod } from '@vigie/kube/testing/test-pod';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from './agent-bed.ts';

const CLI = join(import.meta.dirname, '../../../cli/dist/vigie.cjs');
const PODS = 5000;
const MAX_ADDED_BYTES = 60e6;

let root = '';
let api: TestApiServer;
let children: ChildProcess[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'vigie-many-pods-'));
  api = await TestApiServer.start();
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await api.stop();
  rmSync(root, { recursive: true, force: true });
});

interface Running {
  readonly metrics: () => Promise<string>;
  /** Resident now. */
  readonly residentBytes: () => number;
}

/** The built agent with nothing to read. */
async function startAgent(metadata: 'none' | 'api'): Promise<Running> {
  const folder = join(root, metadata);
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'kubeconfig'),
    `apiVersion: v1
kind: Config
current-context: c
contexts: [{ name: c, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "${api.url.href}" } }]
users: [{ name: u, user: {} }]
`,
  );
  writeFileSync(
    join(folder, 'agent.yaml'),
    `data_dir: "${folder}/data"
listen: 127.0.0.1:0
kubernetes: { kubeconfig: "${folder}/kubeconfig" }
sources:
  pods: { type: kubernetes_logs, paths: ["${folder}/*.log"], metadata: ${metadata} }
sinks:
  out: { type: file, inputs: [pods], path: "${folder}/out.ndjson" }
`,
  );
  const child = spawn(process.execPath, [CLI, 'node-agent', '--config', join(folder, 'agent.yaml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, NODE_NAME: 'node-0' },
  });
  children.push(child);
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await until(() => /listening on (\S+) \(http\)/.test(stderr) || child.exitCode !== null);
  const [, url = ''] = /listening on (\S+) \(http\)/.exec(stderr) ?? [];
  expect(url, stderr).not.toBe('');
  return {
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    residentBytes: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    },
  };
}

it(`${PODS} pods take less than ${MAX_ADDED_BYTES / 1e6} MB`, { timeout: 300_000 }, async () => {
  for (let pod = 0; pod < PODS; pod++) {
    const values = Array.from({ length: 20 }, (_, n) => [`example.com/label-${n}`, `value-${n}-of-${pod}`]);
    const owner = { kind: 'ReplicaSet', name: `web-${pod % 100}-5d4f8c7b9c` };
    const labels = Object.fromEntries(values);
    api.put('pods', testPod(`web-${pod}`, { namespace: `team-${pod % 50}`, labels, owner }));
  }
  const [without, withPods] = [await startAgent('none'), await startAgent('api')];
  for (;;) {
    const metrics = await withPods.metrics();
    const isWritten = /vigie_agent_pod_cache_writes_total\{result="written"\} [1-9]/.test(metrics);
    if (metrics.includes(`vigie_agent_pods{state="live"} ${PODS}`) && isWritten) break;
  }
  // What the list left behind is given back when the agent has nothing to do; what stays over is the pods.
  await until(() => withPods.residentBytes() - without.residentBytes() < MAX_ADDED_BYTES);
});
