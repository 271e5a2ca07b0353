/** Where pods come from, as far as the agent knows: what speaks to Kubernetes is loaded only where it is asked for. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { LabelsOfNamespaces, PodEvents } from './directory.ts';
import type { KubernetesConfig } from './metadata-config.ts';

export interface PodSourceOptions {
  readonly from: 'api' | 'kubelet';
  readonly nodeName: string;
  /** Address of the node, where that is known. */
  readonly nodeIp: string | undefined;
  readonly namespaceLabels: boolean;
  /** Annotations beside those for logs that are worth keeping. */
  readonly keepsAnnotation: (annotation: string) => boolean;
  readonly kubernetes: KubernetesConfig;
}

export interface PodSourceEvents extends PodEvents {
  namespaces(all: LabelsOfNamespaces): void;
}

export interface PodSourceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Stands in the User-Agent. */
  readonly version: string;
}

/** `connecting`: nothing has been heard yet. `stale`: what is known may be old. */
export type PodSourceState = 'connecting' | 'synced' | 'stale';

export interface PodSourceCounters {
  readonly lists: number;
  readonly watches: number;
  readonly failures: number;
  readonly receivedBytes: number;
}

export interface PodSource {
  readonly state: PodSourceState;
  readonly counters: PodSourceCounters;
  /** A pod is wanted that is not known: a source that only looks now and then looks soon. */
  want(): void;
  close(): Promise<void>;
}
