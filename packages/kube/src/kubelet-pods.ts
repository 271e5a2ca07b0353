/** The pods of one node from its kubelet, without a request to the API server: `GET /pods` every now and then. */
import type { Clock, Timer } from '@vigie/core/clock';
import { deferred } from '@vigie/core/deferred';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { describeObstacle } from './answer.ts';
import type { KubeClient } from './client.ts';
import type { Collection } from './collection.ts';
import { listAll } from './list.ts';
import { type Pod, podForm } from './objects.ts';
import type { ReflectorState } from './reflector.ts';

export interface KubeletPodsOptions {
  /** Between the beginnings of two polls, at least MIN_POLL_INTERVAL_MS: up to a tenth more, so that nodes do not fall
   *  into step. */
  readonly intervalMs: number;
  readonly keepsAnnotation?: (key: string) => boolean;
}

export interface KubeletPodsHandlers {
  /** After each poll: all pods of the node by uid. A static pod's uid is here the hash of its configuration. */
  replaced(all: ReadonlyMap<string, Pod>): void;
}

/** Since the start. */
export interface KubeletPodsCounters {
  polls: number;
  failures: number;
  /** Pods that could not be decoded, and are missing. */
  undecodable: number;
  receivedBytes: number;
}

export interface KubeletPodsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The kubelet makes the list anew for each request, 1 MB and more of it: polled as often as its logs are written,
 *  agents have loaded their nodes with 60 MB/s. */
export const MIN_POLL_INTERVAL_MS = 10_000;

export class KubeletPods {
  readonly #client: KubeClient;
  readonly #intervalMs: number;
  readonly #pods: Collection<Pod>;
  readonly #handlers: KubeletPodsHandlers;
  readonly #deps: KubeletPodsDeps;
  readonly #ending = new AbortController();
  readonly #firstPoll: Promise<void>;
  #resolveFirstPoll: () => void = () => undefined;
  #state: ReflectorState = 'connecting';
  #items: ReadonlyMap<string, Pod> = new Map();
  #running: Promise<void> | undefined;
  #wanted = false;
  /** Ends the pause, while there is one. */
  #wake: () => void = () => undefined;

  readonly counters: KubeletPodsCounters = { polls: 0, failures: 0, undecodable: 0, receivedBytes: 0 };

  /** @param client of `https://NODE:10250`, with the pod's token (the kubelet asks the API server whether it may get
   *  `nodes/pods`), and a CA for the kubelet's certificate or `insecureSkipVerify` */
  constructor(client: KubeClient, options: KubeletPodsOptions, handlers: KubeletPodsHandlers, deps: KubeletPodsDeps) {
    this.#client = client;
    this.#intervalMs = Math.max(options.intervalMs, MIN_POLL_INTERVAL_MS);
    this.#pods = { path: '/pods', form: podForm(options.keepsAnnotation), key: (pod) => pod.uid };
    this.#handlers = handlers;
    this.#deps = deps;
    this.#firstPoll = new Promise((resolve) => {
      this.#resolveFirstPoll = resolve;
    });
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** As of the last poll that succeeded. */
  get items(): ReadonlyMap<string, Pod> {
    return this.#items;
  }

  /** Resolves after the first poll that succeeds; never, when none does before close(). */
  get synced(): Promise<void> {
    return this.#firstPoll;
  }

  /** @param signal ends it, as close() does */
  start(signal: AbortSignal): void {
    const abort = (): void => this.#ending.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#running ??= this.#run(this.#ending.signal).finally(() => signal.removeEventListener('abort', abort));
  }

  /** A pod is missing: the next poll comes as soon as MIN_POLL_INTERVAL_MS have passed since the last. */
  want(): void {
    this.#wanted = true;
    this.#wake();
  }

  /** Tells the handlers nothing more. */
  async close(): Promise<void> {
    this.#ending.abort(new Error('the poller is closed'));
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAtMs = this.#deps.clock.monotonicMs();
      this.#wanted = false;
      try {
        await this.#poll(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#deps.log.error('the kubelet cannot be asked for its pods', { error });
      }
      await this.#pause(startedAtMs, signal);
    }
  }

  /** Until the next poll is due, or wanted and allowed, or the end. */
  async #pause(startedAtMs: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const jitter = 1 + random() / 10;
    const { promise, resolve } = deferred();
    let timer: Timer | undefined;
    this.#wake = () => {
      timer?.cancel();
      const intervalMs = this.#wanted ? MIN_POLL_INTERVAL_MS : this.#intervalMs;
      timer = clock.setTimer(startedAtMs + intervalMs * jitter - clock.monotonicMs(), resolve);
    };
    this.#wake();
    signal.addEventListener('abort', resolve, { once: true });
    if (signal.aborted) resolve();
    await promise;
    signal.removeEventListener('abort', resolve);
    timer?.cancel();
    this.#wake = () => undefined;
  }

  async #poll(signal: AbortSignal): Promise<void> {
    this.counters.polls++;
    const listed = await listAll(this.#client, this.#pods, { resourceVersion: '', limit: undefined }, signal);
    if (listed.status !== 'ok') {
      this.counters.failures++;
      if (this.#state === 'synced') this.#state = 'stale';
      const detail = describeObstacle(listed);
      const isLasting = listed.status === 'refused' && listed.httpStatus < 500 && listed.httpStatus !== 429;
      // Nothing heals a missing right but somebody who sees this.
      if (isLasting) this.#deps.log.error('the kubelet refuses its pods', { detail });
      else this.#deps.log.warn('cannot get the pods from the kubelet', { detail });
      return;
    }
    this.counters.receivedBytes += listed.receivedBytes;
    this.counters.undecodable += listed.undecodable;
    if (listed.undecodable > 0) this.#deps.log.warn('pods could not be decoded', { pods: listed.undecodable });
    this.#items = listed.items;
    this.#state = 'synced';
    this.#handlers.replaced(this.#items);
    this.#resolveFirstPoll();
  }
}
