/** The pods of this node, from the API server or from the kubelet. Loaded only where metadata is asked for. */
import { KubeClient } from '@vigie/kube/client';
import type { Collection } from '@vigie/kube/collection';
import { type KubeConfig, loadKubeConfig } from '@vigie/kube/config';
import { KubeletPods } from '@vigie/kube/kubelet-pods';
import { metadataForm, type ObjectMeta, podForm } from '@vigie/kube/objects';
import { Reflector } from '@vigie/kube/reflector';
import { isLogAnnotation } from './annotations.ts';
import { CONFIG_HASH_ANNOTATION, type PodEntry, podEntry } from './pod.ts';
import type { PodSource, PodSourceCounters, PodSourceDeps, PodSourceEvents, PodSourceOptions } from './pod-source.ts';

/** Begins to tell of pods.
 *  @throws {VigieError} where the configuration does not lead to a server, or its credentials cannot be read */
export function startPods(
  options: PodSourceOptions,
  events: PodSourceEvents,
  deps: PodSourceDeps,
  signal: AbortSignal,
): PodSource {
  const parts: PodSource[] = [];
  const clients: KubeClient[] = [];
  const clientOf = (config: KubeConfig, env: PodSourceDeps['env']): KubeClient => {
    const client = new KubeClient(config, {
      clock: deps.clock,
      env,
      userAgent: `vigie/${deps.version} node-agent`,
      reloadFailed: (detail) => deps.log.warn('changed certificate or token not usable', { detail }),
    });
    client.check();
    clients.push(client);
    return client;
  };
  if (options.from === 'kubelet') {
    const pods = new KubeletPods(
      // The node itself is never behind a proxy.
      clientOf(kubeletConfig(options, deps.env), {}),
      { intervalMs: options.kubernetes.kubelet.poll_interval, keepsAnnotation: keeperOf(options) },
      { replaced: (all) => events.replaced(Array.from(all.values(), podEntry)) },
      deps,
    );
    pods.start(signal);
    parts.push({
      get state() {
        return pods.state;
      },
      get counters() {
        const { polls, failures, receivedBytes } = pods.counters;
        return { lists: polls, watches: 0, failures, receivedBytes };
      },
      want: () => pods.want(),
      close: () => pods.close(),
    });
  }
  if (options.from === 'api' || options.namespaceLabels) {
    const client = clientOf(loadKubeConfig({ kubeconfig: options.kubernetes.kubeconfig }, { env: deps.env }), deps.env);
    if (options.from === 'api') {
      const pods = new Reflector(
        client,
        podsOf(options),
        {
          replaced: (all) => events.replaced(all.values()),
          applied: (_uid, pod) => events.applied(pod),
          removed: (_uid, pod) => events.removed(pod),
        },
        deps,
      );
      pods.start(signal);
      parts.push(sourceOf(pods));
    }
    if (options.namespaceLabels) parts.push(startNamespaces(client, events, deps, signal));
  }
  return joined(parts, clients);
}

function podsOf(options: PodSourceOptions): Collection<PodEntry> {
  const { decode } = podForm(keeperOf(options));
  return {
    path: '/api/v1/pods',
    selectors: { fieldSelector: `spec.nodeName=${options.nodeName}` },
    form: { decode: (object) => podEntry(decode(object)) },
    key: ({ uid }) => uid,
  };
}

function keeperOf({ keepsAnnotation }: PodSourceOptions): (annotation: string) => boolean {
  return (annotation) =>
    annotation === CONFIG_HASH_ANNOTATION || isLogAnnotation(annotation) || keepsAnnotation(annotation);
}

const NAMESPACES: Collection<ObjectMeta> = {
  path: '/api/v1/namespaces',
  form: metadataForm(() => false),
  key: ({ name }) => name,
  metadataOnly: true,
};

function startNamespaces(
  client: KubeClient,
  events: PodSourceEvents,
  deps: PodSourceDeps,
  signal: AbortSignal,
): PodSource {
  const tell = (): void => {
    events.namespaces(new Map(Array.from(reflector.items, ([name, { labels }]) => [name, labels])));
  };
  const reflector = new Reflector(client, NAMESPACES, { replaced: tell, applied: tell, removed: tell }, deps);
  reflector.start(signal);
  return sourceOf(reflector);
}

function sourceOf(reflector: Reflector<PodEntry> | Reflector<ObjectMeta>): PodSource {
  return {
    get state() {
      return reflector.state;
    },
    counters: reflector.counters,
    // A watch tells without being asked.
    want: () => undefined,
    close: () => reflector.close(),
  };
}

/** The worst state of the parts, and their sums. */
function joined(parts: readonly PodSource[], clients: readonly KubeClient[]): PodSource {
  return {
    get state() {
      const states = parts.map(({ state }) => state);
      return states.find((state) => state === 'connecting') ?? states.find((state) => state === 'stale') ?? 'synced';
    },
    get counters(): PodSourceCounters {
      const sum = (name: keyof PodSourceCounters): number =>
        parts.reduce((total, { counters }) => total + counters[name], 0);
      return {
        lists: sum('lists'),
        watches: sum('watches'),
        failures: sum('failures'),
        receivedBytes: sum('receivedBytes'),
      };
    },
    want: () => {
      for (const part of parts) part.want();
    },
    close: async () => {
      await Promise.all(parts.map((part) => part.close()));
      for (const client of clients) client.close();
    },
  };
}

const KUBELET_PORT = 10_250;
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The kubelet asks the API server who we are, by the same token. */
function kubeletConfig({ kubernetes, nodeName, nodeIp }: PodSourceOptions, env: PodSourceDeps['env']): KubeConfig {
  const { url, ca_file: caFile, insecure_skip_verify: insecureSkipVerify } = kubernetes.kubelet;
  const host = nodeIp ?? nodeName;
  const server = new URL(url ?? `https://${host.includes(':') ? `[${host}]` : host}:${KUBELET_PORT}`);
  if (kubernetes.kubeconfig !== undefined) {
    const { tls, ...config } = loadKubeConfig({ kubeconfig: kubernetes.kubeconfig }, { env });
    const ca = caFile === undefined ? tls.ca : { file: caFile };
    return { ...config, server, tls: { ...tls, ...(ca === undefined ? {} : { ca }), insecureSkipVerify } };
  }
  return {
    server,
    tls: { ca: { file: caFile ?? `${SERVICE_ACCOUNT}/ca.crt` }, insecureSkipVerify },
    credentials: { type: 'bearer', token: { file: `${SERVICE_ACCOUNT}/token` } },
    namespace: '',
    origin: 'the ServiceAccount of this pod',
  };
}
