import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { type TestPodOptions, testPod } from '@vigie/kube/testing/test-pod';
import { createSinkRuntime } from '@vigie/log-pipeline/agent/sinks';
import { createTransform } from '@vigie/log-pipeline/agent/transforms';
import { onTestFinished } from 'vitest';
import { NodeAgent } from '../../src/agent.ts';
import { createAgentMetrics, reportAgent } from '../../src/agent-metrics.ts';
import { loadAgentConfig } from '../../src/config.ts';

export const NODE = 'node-0';

/** A document, as far as these tests look at it. */
export interface Document {
  readonly message: string;
  readonly stream: string;
  readonly level?: string;
  readonly kubernetes: {
    readonly pod: { readonly name: string; readonly uid: string; readonly ip?: string };
    readonly labels?: Readonly<Record<string, string>>;
    readonly namespace_labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deployment?: { readonly name: string };
    readonly metadata?: string;
  };
  readonly container?: { readonly image?: { readonly name: string } };
}

export interface AgentOptions {
  /** Lines of the source, as YAML flow: `metadata_wait: 50ms`. */
  readonly source?: string;
  readonly transforms?: string;
  readonly sinks?: readonly string[];
  readonly format?: string;
  readonly metadata?: 'none' | 'kubelet';
  /** Of the section `kubernetes`. */
  readonly kubelet?: string;
  readonly top?: string;
}

/** An agent over a folder like the kubelet's, and an API server that tells of its pods. */
export class AgentBed {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'vigie-pods-')));
  readonly api: TestApiServer;
  readonly logged: string[] = [];
  agent: NodeAgent | undefined;
  readonly #ending = new AbortController();

  private constructor(api: TestApiServer) {
    this.api = api;
  }

  static async start(api?: TestApiServer): Promise<AgentBed> {
    const bed = new AgentBed(api ?? (await TestApiServer.start()));
    onTestFinished(async () => {
      await bed.stop();
      await bed.api.stop();
      rmSync(bed.root, { recursive: true, force: true });
    });
    return bed;
  }

  logPath(pod: string, uid: string, container = 'web', restart = 0): string {
    const path = join(this.root, 'pods', `shop_${pod}_${uid}`, container, `${restart}.log`);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  }

  write(path: string, ...messages: string[]): void {
    this.writeTo('stdout', path, ...messages);
  }

  writeTo(stream: 'stdout' | 'stderr', path: string, ...messages: string[]): void {
    appendFileSync(path, messages.map((text) => `2026-11-21T10:00:00.000000001Z ${stream} F ${text}\n`).join(''));
  }

  putPod(name: string, uid: string, options: Partial<TestPodOptions> = {}): void {
    this.api.put('pods', testPod(name, { namespace: 'shop', nodeName: NODE, uid, containers: ['web'], ...options }));
  }

  /** @returns path of the configuration */
  configure({
    source = '',
    transforms = '',
    sinks = ['out'],
    format = 'ecs',
    top = '',
    metadata,
    kubelet,
  }: AgentOptions = {}): string {
    const kubeconfig = join(this.root, 'kubeconfig');
    writeFileSync(
      kubeconfig,
      `apiVersion: v1
kind: Config
current-context: c
contexts: [{ name: c, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "${this.api.url.href}" } }]
users: [{ name: u, user: { tokenFile: "${join(this.root, 'token')}" } }]
`,
    );
    if (!existsSync(join(this.root, 'token'))) writeFileSync(join(this.root, 'token'), 'first');
    const file = join(this.root, 'agent.yaml');
    const comma = source === '' ? '' : ', ';
    const out = sinks.map(
      (name) =>
        `  ${name}: { type: file, inputs: [pods], path: "${this.root}/${name}.ndjson", format: ${format}, batch: { timeout: 5ms } }\n`,
    );
    writeFileSync(
      file,
      `data_dir: "${this.root}/data"
checkpoint_interval: 20ms
kubernetes: { kubeconfig: "${kubeconfig}"${kubelet === undefined ? '' : `, kubelet: ${kubelet}`} }
${top}
sources:
  pods: { type: kubernetes_logs, paths: ["${this.root}/pods/*/*/*.log"], reconcile_interval: 100ms, metadata: ${metadata ?? 'api'}${comma}${source} }
${transforms}
sinks:
${out.join('')}`,
    );
    return file;
  }

  async startAgent(options: AgentOptions = {}): Promise<NodeAgent> {
    const config = await loadAgentConfig(this.configure(options), {}, undefined);
    const log = createLog('info', { write: (line) => void this.logged.push(line) });
    const world = { clock: systemClock, random: Math.random, env: {}, version: '0.0.0', log };
    this.agent = new NodeAgent(config, {
      ...world,
      metrics: createAgentMetrics(),
      print: () => undefined,
      identity: { nodeName: NODE, self: { namespace: undefined, name: undefined } },
      kernel: undefined,
      createTransform,
      createSink: (name, section) => createSinkRuntime(name, section, world),
    });
    await this.agent.start(this.#ending.signal);
    return this.agent;
  }

  async reload(options: AgentOptions): Promise<void> {
    await this.agent?.reload(await loadAgentConfig(this.configure(options), {}, undefined), this.#ending.signal);
  }

  async stop(): Promise<void> {
    await this.agent?.close(AbortSignal.timeout(5_000));
    this.agent = undefined;
  }

  documents(sink = 'out'): Document[] {
    const path = join(this.root, `${sink}.ndjson`);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  }

  messages(sink = 'out'): string[] {
    return this.documents(sink).map(({ message }) => message);
  }

  /** @returns the documents, once there are so many */
  async received(count: number, sink = 'out'): Promise<Document[]> {
    await until(() => this.documents(sink).length >= count);
    return this.documents(sink);
  }

  metric(name: string, labels: Readonly<Record<string, string>> = {}): number {
    let sum = 0;
    if (this.agent === undefined) return sum;
    reportAgent(this.agent, systemClock, (metric, of, value) => {
      const all: Readonly<Record<string, string>> = of;
      if (metric === name && Object.entries(labels).every(([label, text]) => all[label] === text)) sum += value;
    });
    return sum;
  }
}

/** @returns resolves when the condition holds; the test's own deadline ends it otherwise */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
