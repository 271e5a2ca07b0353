/** An API server in the memory of a test, for clients on its fake clock: without sockets, so that minutes of several clients take milliseconds, and
 *  with the faults of a network and of a server that has too much to do. Never part of the product. */
import type { Clock } from '@vigie/core/clock';
import type { Random } from '@vigie/core/random';
import type { KubeRefusal } from '../answer.ts';
import type { KubeAnswer, KubeClient, KubeRequest, KubeStreamAnswer } from '../client.ts';
import { KubeStreamError } from '../exchange.ts';
import { type Change, failsPreconditions, type KubeObject, ObjectStore } from './object-store.ts';
import { eventOf, type Selection, selectionOf } from './selection.ts';

/** Shares of requests and of events, from 0 to 1. */
export interface Faults {
  /** At most, of a request, of its answer and of an event. */
  readonly delayMs: number;
  /** Requests that do not arrive. */
  readonly lost: number;
  /** Requests whose answer does not arrive. */
  readonly unanswered: number;
  /** Requests that take up to OVERDUE_MS, and are served although whoever has sent them waits no more. */
  readonly overdue: number;
  /** Requests that are refused with 409 or 500 for nothing. */
  readonly refused: number;
  /** Events that are left out. */
  readonly leftOut: number;
  /** Events with which a watch breaks. */
  readonly broken: number;
  /** Events with which a watch falls silent, and does not end. */
  readonly silenced: number;
}

export const NO_FAULTS: Faults = {
  delayMs: 0,
  lost: 0,
  unanswered: 0,
  overdue: 0,
  refused: 0,
  leftOut: 0,
  broken: 0,
  silenced: 0,
};

/** As the client's own. */
const ANSWER_TIMEOUT_MS = 70_000;
/** Longer than any lease of a test is held. */
const OVERDUE_MS = 20_000;

export interface MemoryClient extends Pick<KubeClient, 'request' | 'stream'> {
  /** Nothing arrives in either direction, and nothing says so. */
  isCut: boolean;
}

export class MemoryApi {
  readonly store = new ObjectStore();
  faults: Faults = NO_FAULTS;
  /** Requests that have arrived, by method. */
  readonly arrived = new Map<string, number>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #watches = new Set<MemoryWatch>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  client(): MemoryClient {
    const client: MemoryClient = {
      isCut: false,
      request: (request, signal) => this.#request(client, request, signal),
      stream: (request, signal) => this.#stream(client, request, signal),
    };
    return client;
  }

  /** Of all watches. */
  breakWatches(): void {
    for (const watch of this.#watches) watch.end(new KubeStreamError('network', 'broken by the test'));
  }

  /** As somebody does who may. */
  removeAll(resource: string): void {
    for (const { metadata } of this.store.list(resource)) {
      const change = this.store.remove(resource, metadata.namespace ?? '', metadata.name);
      if (change !== undefined) this.#tellAll(change);
    }
  }

  silenceWatches(): void {
    for (const watch of this.#watches) watch.isSilent = true;
  }

  async #request(client: MemoryClient, request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    signal.throwIfAborted();
    if (!client.isCut && this.#hits(this.faults.overdue)) return this.#serveOverdue(request, signal);
    await this.#delay(signal);
    if (client.isCut || this.#hits(this.faults.lost)) return this.#nothing(signal);
    return this.#serve(client, request, signal);
  }

  #serveOverdue(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    return new Promise((resolve, reject) => {
      const leave = (): void => reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      this.#clock.setTimer(this.#random() * OVERDUE_MS, () => {
        signal.removeEventListener('abort', leave);
        resolve(this.#answer(request));
      });
    });
  }

  async #serve(client: MemoryClient, request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    this.arrived.set(request.method, (this.arrived.get(request.method) ?? 0) + 1);
    const answer = this.#hits(this.faults.refused) ? this.#refusedForNothing() : this.#answer(request);
    await this.#delay(signal);
    if (client.isCut || this.#hits(this.faults.unanswered)) return this.#nothing(signal);
    return answer;
  }

  /** Lists and watches. */
  async #stream(client: MemoryClient, request: KubeRequest, signal: AbortSignal): Promise<KubeStreamAnswer> {
    await this.#delay(signal);
    const { faults } = this;
    if (client.isCut || this.#hits(faults.lost) || this.#hits(faults.unanswered)) return this.#nothing(signal);
    if (this.#hits(faults.refused)) return refusal(500, 'InternalError');
    const { resource, namespace } = placeOf(request.path);
    const query = new URLSearchParams(
      Object.entries(request.query ?? {}).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [[name, value]],
      ),
    );
    const selected = selectionOf(namespace, query);
    if (query.get('watch') === 'true') {
      const since = Number(query.get('resourceVersion'));
      const missed = this.store.changesSince(since);
      if (missed === undefined) return refusal(410, 'Expired');
      const watch = new MemoryWatch(resource, selected, client, this.#clock, signal);
      this.#watches.add(watch);
      watch.closed = () => this.#watches.delete(watch);
      for (const change of missed) this.#tell(watch, change);
      return { status: 'ok', chunks: watch.chunks(), limitSilence: (limitMs) => watch.limitSilence(limitMs) };
    }
    const items = this.store.list(resource).filter(selected);
    const text = JSON.stringify({ metadata: { resourceVersion: String(this.store.version) }, items });
    return { status: 'ok', chunks: once(Buffer.from(text)), limitSilence: () => undefined };
  }

  #answer({ method, path, body }: KubeRequest): KubeAnswer {
    const { resource, namespace, name = nameIn(body) } = placeOf(path);
    const found = this.store.find(resource, namespace, name);
    if (method === 'POST') {
      if (found !== undefined) return refusal(409, 'AlreadyExists');
      return this.#put(resource, body);
    }
    if (found === undefined) return refusal(404, 'NotFound');
    switch (method) {
      case 'GET':
        return { status: 'ok', httpStatus: 200, body: found };
      case 'DELETE': {
        if (failsPreconditions(found, body)) return refusal(409, 'Conflict');
        const change = this.store.remove(resource, namespace, name);
        if (change !== undefined) this.#tellAll(change);
        return { status: 'ok', httpStatus: 200, body: { kind: 'Status', status: 'Success' } };
      }
      default: {
        const { resourceVersion } = objectOf(body).metadata;
        if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion)
          return refusal(409, 'Conflict');
        return this.#put(resource, body);
      }
    }
  }

  #put(resource: string, body: unknown): KubeAnswer {
    const change = this.store.put(resource, objectOf(body));
    this.#tellAll(change);
    return { status: 'ok', httpStatus: 200, body: change.object };
  }

  #tellAll(change: Change): void {
    for (const watch of this.#watches) this.#tell(watch, change);
  }

  #tell(watch: MemoryWatch, change: Change): void {
    const event = watch.resource === change.resource ? eventOf(change, watch.selected) : undefined;
    if (event === undefined) return;
    const { faults } = this;
    if (this.#hits(faults.leftOut)) return;
    if (this.#hits(faults.silenced)) watch.isSilent = true;
    if (this.#hits(faults.broken)) watch.end(new KubeStreamError('network', 'broken by the test'));
    watch.send(Buffer.from(`${JSON.stringify(event)}\n`), this.#random() * faults.delayMs);
  }

  #hits(share: number): boolean {
    return share > 0 && this.#random() < share;
  }

  #refusedForNothing(): KubeRefusal {
    return this.#random() < 0.5 ? refusal(409, 'Conflict') : refusal(500, 'InternalError');
  }

  async #delay(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.faults.delayMs > 0) await this.#clock.sleep(this.#random() * this.faults.delayMs, signal);
  }

  async #nothing(signal: AbortSignal): Promise<{ status: 'failed'; reason: 'timeout'; detail: string }> {
    await this.#clock.sleep(ANSWER_TIMEOUT_MS, signal);
    return { status: 'failed', reason: 'timeout', detail: 'no byte' };
  }
}

class MemoryWatch {
  readonly resource: string;
  readonly selected: Selection;
  isSilent = false;
  closed: () => void = () => undefined;
  readonly #client: MemoryClient;
  readonly #clock: Clock;
  readonly #queue: Buffer[] = [];
  #ended: Error | undefined;
  #wake: () => void = () => undefined;
  #limitMs = ANSWER_TIMEOUT_MS;
  #heardAtMs: number;
  /** Events come in their order. */
  #lastAtMs = 0;

  constructor(resource: string, selected: Selection, client: MemoryClient, clock: Clock, signal: AbortSignal) {
    this.resource = resource;
    this.selected = selected;
    this.#client = client;
    this.#clock = clock;
    this.#heardAtMs = clock.monotonicMs();
    signal.addEventListener('abort', () => this.end(signal.reason), { once: true });
  }

  send(bytes: Buffer, delayMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#lastAtMs = Math.max(this.#lastAtMs, nowMs + delayMs);
    const arrive = (): void => {
      // A connection that was cut does not come back.
      this.isSilent ||= this.#client.isCut;
      if (this.isSilent) return;
      this.#queue.push(bytes);
      this.#wake();
    };
    if (this.#lastAtMs <= nowMs) arrive();
    else this.#clock.setTimer(this.#lastAtMs - nowMs, arrive);
  }

  end(reason: Error): void {
    this.#ended ??= reason;
    this.closed();
    this.#wake();
  }

  limitSilence(limitMs: number): void {
    this.#limitMs = limitMs;
    this.#heardAtMs = this.#clock.monotonicMs();
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#queue.shift();
        if (this.#ended !== undefined) throw this.#ended;
        if (chunk === undefined) await this.#more();
        else {
          this.#heardAtMs = this.#clock.monotonicMs();
          yield chunk;
        }
      }
    } finally {
      this.closed();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const leftMs = this.#heardAtMs + this.#limitMs - this.#clock.monotonicMs();
      const timer = this.#clock.setTimer(leftMs, () => this.end(new KubeStreamError('timeout', 'it says nothing')));
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

interface Place {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string | undefined;
}

/** Of `/api/v1/namespaces/NS/RESOURCE/NAME` and `/apis/GROUP/V/namespaces/NS/RESOURCE/NAME`. */
function placeOf(path: string): Place {
  const [, namespace = '', resource = '', name] = path.slice(path.indexOf('/namespaces/') + 1).split('/');
  return { resource, namespace, name };
}

/** What clients of tests send has a name. */
function objectOf(body: unknown): KubeObject {
  return body as KubeObject;
}

function nameIn(body: unknown): string {
  return objectOf(body).metadata.name;
}

function refusal(httpStatus: number, reason: string): KubeRefusal {
  return { status: 'refused', httpStatus, reason, message: 'of the test', causes: [], retryAfterMs: undefined };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}
