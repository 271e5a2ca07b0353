/** A metrics API over TLS, in front of an API server and a storage of the test. */
import * as https from 'node:https';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { KubeClient } from '@vigie/kube/client';
import { type Reviews, TestApiServer } from '@vigie/kube/testing/api-server';
import { Engine } from '@vigie/promql/evaluate/engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import { onTestFinished } from 'vitest';
import { type ClusterObject, ObjectIndex } from '../../src/adapter/cluster-objects.ts';
import type { AdapterConfig } from '../../src/config/adapter-config.ts';
import { API_GROUP_NAMES } from '../../src/metrics-api/api-groups.ts';
import { MetricsApi, type MetricsApiOptions } from '../../src/metrics-api/metrics-api.ts';
import { Authority, type Issued } from './authority.ts';

const SERVICE = { namespace: 'monitoring', name: 'vigie-collector', port: 443 };
export const SERVER_NAME = 'vigie-collector.monitoring.svc';
export const PROXY_NAME = 'front-proxy-client';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
  /** Of JSON. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly certificate?: Issued;
  readonly method?: string;
}

export class ApiBed {
  readonly kube: TestApiServer;
  readonly clock: FakeClock;
  readonly storage: MemoryStorage;
  readonly pods = new ObjectIndex();
  readonly nodes = new ObjectIndex();
  readonly lines: string[];
  /** Namespaces of which a value was asked for in vain. */
  readonly unserved: string[] = [];
  readonly api: MetricsApi;
  readonly proxyAuthority: Authority;
  readonly clientAuthority: Authority;
  readonly proxy: Issued;

  private constructor(
    made: Pick<ApiBed, 'kube' | 'clock' | 'storage' | 'lines' | 'proxyAuthority' | 'clientAuthority' | 'proxy'>,
    options: BedOptions,
  ) {
    this.kube = made.kube;
    this.clock = made.clock;
    this.storage = made.storage;
    this.lines = made.lines;
    this.proxyAuthority = made.proxyAuthority;
    this.clientAuthority = made.clientAuthority;
    this.proxy = made.proxy;
    const { clock, storage } = this;
    const client = this.client(this.kube);
    const delegate = options.delegate === undefined ? undefined : this.client(options.delegate);
    this.api = new MetricsApi(
      {
        listen: { host: '127.0.0.1', port: 0 },
        certificate: {
          kind: 'self_made',
          service: SERVICE,
          secret: undefined,
          validityMs: 86_400_000,
          groups: API_GROUP_NAMES,
          takeOver: [],
        },
        auth: 'kubernetes',
        trustFrontProxy: false,
        adapter: options.adapter,
        queryTimeoutMs: 5000,
        maxAgeMs: 300_000,
        ...options.api,
      },
      {
        client,
        answerer: {
          kind: 'embedded',
          engine: new Engine({}, { clock, pause: async () => undefined }),
          querier: storage,
        },
        pods: this.pods,
        nodes: this.nodes,
        intervals: { ofJob: () => 15_000, longestMs: 15_000 },
        endpoints: { of: () => undefined },
        delegate,
        clock,
        random: () => 0.5,
        log: createLog('info', { write: (line) => void this.lines.push(line) }),
        print: (line) => void this.lines.push(line),
        observe: () => undefined,
        unserved: (namespace) => void this.unserved.push(namespace),
      },
    );
  }

  static async start(options: BedOptions = {}): Promise<ApiBed> {
    // Certificates are checked by OpenSSL too, whose clock is the system's.
    const clock = new FakeClock(Math.floor(Date.now() / 1000) * 1000);
    const reviews: Reviews = options.reviews ?? { token: () => ({}), access: () => ({ allowed: true }) };
    const kube = await TestApiServer.start({ reviews, documents: options.documents ?? {} });
    onTestFinished(() => kube.stop());
    const proxyAuthority = await Authority.create('front-proxy-ca');
    const clientAuthority = await Authority.create('kubernetes-ca');
    const bed = new ApiBed(
      {
        kube,
        clock,
        storage: new MemoryStorage(),
        lines: [],
        proxyAuthority,
        clientAuthority,
        proxy: await proxyAuthority.issue({ subject: `CN=${PROXY_NAME}` }),
      },
      options,
    );
    if (options.isUnconfigured !== true) bed.configureAuthentication();
    await bed.api.start(new AbortController().signal);
    onTestFinished(() => bed.api.close({ graceMs: 0 }));
    if (options.isUnconfigured !== true)
      await until(() => bed.api.ready().every(({ problem }) => problem === undefined));
    return bed;
  }

  /** The ConfigMap that tells extension servers whom to trust. */
  configureAuthentication(changes: Readonly<Record<string, string>> = {}): void {
    this.kube.put('configmaps', {
      metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
      data: {
        'client-ca-file': this.clientAuthority.cert,
        'requestheader-allowed-names': `["${PROXY_NAME}"]`,
        'requestheader-client-ca-file': this.proxyAuthority.cert,
        'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
        'requestheader-group-headers': '["X-Remote-Group"]',
        'requestheader-username-headers': '["X-Remote-User"]',
        ...changes,
      },
    });
  }

  client(server: TestApiServer): KubeClient {
    const client = new KubeClient(server.config(), {
      clock: this.clock,
      env: {},
      userAgent: 'vigie/test',
      reloadFailed: () => undefined,
    });
    onTestFinished(() => client.close());
    return client;
  }

  /** As the API server's proxy does for its own controllers. */
  get(path: string, headers: Asked['headers'] = {}): Promise<Answer> {
    return this.ask(path, {
      certificate: this.proxy,
      headers: { 'x-remote-user': 'system:kube-aggregator', 'x-remote-group': 'system:masters', ...headers },
    });
  }

  ask(path: string, { headers = {}, certificate, method = 'GET' }: Asked = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = https.request({
        host: '127.0.0.1',
        port: this.api.address.port,
        path,
        method,
        servername: SERVER_NAME,
        ca: this.#bundle(),
        agent: false,
        headers: headers as Record<string, string | string[]>,
        ...certificate,
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString();
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            bytes,
            text,
            body: text.startsWith('{') ? JSON.parse(text) : {},
          });
        });
      });
      request.end();
    });
  }

  addPod(name: string, changes: Partial<ClusterObject> = {}): void {
    this.#add(this.pods, name, { namespace: 'shop', labels: { app: 'web' }, ...changes });
  }

  addNode(name: string): void {
    this.#add(this.nodes, name, { namespace: '', labels: { role: 'worker' } });
  }

  /** Samples of a series, newest last, `stepMs` apart and the newest now. */
  add(
    labels: Readonly<Record<string, string>>,
    values: readonly (number | 'stale')[],
    { stepMs = 15_000, agoMs = 0 } = {},
  ): void {
    const lastMs = this.clock.nowMs() - agoMs;
    this.storage.append(
      LabelSet.of({ job: 'app', ...labels }),
      values.map((value, index) => ({
        timestampMs: lastMs - (values.length - 1 - index) * stepMs,
        value,
        startTimestampMs: 0,
      })),
    );
  }

  #add(index: ObjectIndex, name: string, changes: Partial<ClusterObject>): void {
    const startedAtMs = this.clock.nowMs() - 3_600_000;
    const object = {
      namespace: '',
      name,
      labels: {},
      creationTimestamp: '2026-11-21T10:00:00Z',
      startedAtMs,
      ...changes,
    };
    index.applied(`${object.namespace}/${name}`, object);
  }

  /** What the APIService trusts. */
  #bundle(): string {
    const service = this.kube.store.find('apiservices', '', 'v1beta1.external.metrics.k8s.io') as
      | { readonly spec?: { readonly caBundle?: string } }
      | undefined;
    return Buffer.from(service?.spec?.caBundle ?? '', 'base64').toString();
  }
}

export interface BedOptions {
  readonly reviews?: Reviews;
  readonly adapter?: AdapterConfig;
  readonly api?: Partial<MetricsApiOptions>;
  readonly documents?: Readonly<Record<string, object>>;
  readonly delegate?: TestApiServer;
  /** There is no ConfigMap of authentication. */
  readonly isUnconfigured?: boolean;
}

/** @returns resolves when the condition holds; what comes over real sockets comes when it comes */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
