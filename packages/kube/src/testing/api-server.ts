/** An API server for tests, in the process of the test: real HTTP, the semantics of lists, watches and conflicts, and the
 *  faults of a real one when they are asked for. Never part of the product. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Clock, systemClock, type Timer } from '@vigie/core/clock';
import type { KubeConfig } from '../config.ts';
import { type Change, failsPreconditions, type KubeObject, ObjectStore } from './object-store.ts';
import { eventOf, type Selection, selectionOf } from './selection.ts';

export interface TestApiServerOptions {
  /** PEM; plain HTTP unless given. With `ca`, clients may show a certificate. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer };
  /** Who may come; anybody unless given. */
  readonly tokens?: readonly string[];
  /** False: every list is read from etcd, in pages of what the client asks for. */
  readonly watchCache?: boolean;
  /** For `timeoutSeconds` of watches. */
  readonly clock?: Clock;
  /** Answers TokenReviews and SubjectAccessReviews; nobody is anybody, and may do anything, unless given. */
  readonly reviews?: Reviews;
  /** Documents of API discovery by path, such as `/apis`. */
  readonly documents?: Readonly<Record<string, object>>;
}

export interface Reviews {
  /** @returns the `status` of a TokenReview */
  token(token: string): object;
  /** @param spec of a SubjectAccessReview
   *  @returns its `status` */
  access(spec: unknown): object;
}

export interface RecordedRequest {
  readonly verb: Verb;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  /** The common name of the client's certificate. */
  readonly certifiedName: string | undefined;
  readonly body: unknown;
}

type Verb = 'list' | 'watch' | 'get' | 'create' | 'update' | 'patch' | 'delete';

export interface Refusal {
  /** Of which requests; of any unless given. */
  readonly path?: string;
  readonly verb: Verb;
  readonly status: number;
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  /** How many requests it meets; all, until accept(), unless given. */
  readonly times?: number;
}

interface Watch {
  readonly resource: string;
  readonly selected: Selection;
  readonly partial: boolean;
  readonly bookmarks: boolean;
  readonly response: http.ServerResponse;
  readonly timeout: Timer | undefined;
}

const KINDS: Readonly<Record<string, { readonly kind: string; readonly apiVersion: string }>> = {
  pods: { kind: 'Pod', apiVersion: 'v1' },
  namespaces: { kind: 'Namespace', apiVersion: 'v1' },
  nodes: { kind: 'Node', apiVersion: 'v1' },
  events: { kind: 'Event', apiVersion: 'v1' },
  services: { kind: 'Service', apiVersion: 'v1' },
  endpoints: { kind: 'Endpoints', apiVersion: 'v1' },
  endpointslices: { kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1' },
  ingresses: { kind: 'Ingress', apiVersion: 'networking.k8s.io/v1' },
  replicasets: { kind: 'ReplicaSet', apiVersion: 'apps/v1' },
  jobs: { kind: 'Job', apiVersion: 'batch/v1' },
  leases: { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1' },
  secrets: { kind: 'Secret', apiVersion: 'v1' },
  configmaps: { kind: 'ConfigMap', apiVersion: 'v1' },
  horizontalpodautoscalers: { kind: 'HorizontalPodAutoscaler', apiVersion: 'autoscaling/v2' },
  servicemonitors: { kind: 'ServiceMonitor', apiVersion: 'monitoring.coreos.com/v1' },
  podmonitors: { kind: 'PodMonitor', apiVersion: 'monitoring.coreos.com/v1' },
  probes: { kind: 'Probe', apiVersion: 'monitoring.coreos.com/v1' },
  prometheusrules: { kind: 'PrometheusRule', apiVersion: 'monitoring.coreos.com/v1' },
  scrapeconfigs: { kind: 'ScrapeConfig', apiVersion: 'monitoring.coreos.com/v1alpha1' },
  alertmanagerconfigs: { kind: 'AlertmanagerConfig', apiVersion: 'monitoring.coreos.com/v1alpha1' },
  apiservices: { kind: 'APIService', apiVersion: 'apiregistration.k8s.io/v1' },
  mutatingwebhookconfigurations: {
    kind: 'MutatingWebhookConfiguration',
    apiVersion: 'admissionregistration.k8s.io/v1',
  },
};

export class TestApiServer {
  readonly store = new ObjectStore();
  /** In the order of their arrival. */
  readonly requests: RecordedRequest[] = [];
  readonly #options: TestApiServerOptions;
  readonly #clock: Clock;
  readonly #watches = new Set<Watch>();
  readonly #pages = new Map<string, { readonly objects: readonly KubeObject[]; readonly version: number }>();
  #server: http.Server;
  #port = 0;
  #tokens: ReadonlySet<string> | undefined;
  #refusals: { refusal: Refusal; left: number }[] = [];
  #listsHeld: Promise<void> | undefined;
  #muted = false;

  constructor(options: TestApiServerOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#tokens = options.tokens === undefined ? undefined : new Set(options.tokens);
    this.#server = this.#create();
  }

  static async start(options: TestApiServerOptions = {}): Promise<TestApiServer> {
    const server = new TestApiServer(options);
    await server.listen();
    return server;
  }

  /** Opens the port: a free one the first time, and after stop() the same again. */
  async listen(): Promise<void> {
    this.#server = this.#create();
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Closes the port and all connections. What is stored stays. */
  async stop(): Promise<void> {
    for (const { timeout } of this.#watches) timeout?.cancel();
    this.#watches.clear();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  get url(): URL {
    return new URL(`${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`);
  }

  config(changes: Partial<KubeConfig> = {}): KubeConfig {
    return {
      server: this.url,
      tls: {},
      credentials: { type: 'none' },
      namespace: 'default',
      origin: 'the test',
      ...changes,
    };
  }

  /** Creates or replaces an object and tells the watches. */
  put(resource: string, object: KubeObject): void {
    this.#tell(this.store.put(resource, object));
  }

  remove(resource: string, namespace: string, name: string): void {
    const change = this.store.remove(resource, namespace, name);
    if (change !== undefined) this.#tell(change);
  }

  /** How many watches are open. */
  get watching(): number {
    return this.#watches.size;
  }

  /** Of a verb, how many requests have come. */
  count(verb: Verb): number {
    return this.requests.filter((request) => request.verb === verb).length;
  }

  setTokens(tokens: readonly string[]): void {
    this.#tokens = new Set(tokens);
  }

  /** Forgets what changed up to now: a watch from before gets 410. */
  compact(): void {
    this.store.compact();
  }

  /** Pages of lists that were begun are no longer to be had. */
  expirePages(): void {
    this.#pages.clear();
  }

  refuse(refusal: Refusal): void {
    this.#refusals.push({ refusal, left: refusal.times ?? Number.POSITIVE_INFINITY });
  }

  /** Takes back what was to be refused. */
  accept(): void {
    this.#refusals = [];
  }

  /** Lists get no answer until the function returned is called. */
  holdLists(): () => void {
    let release = (): void => undefined;
    this.#listsHeld = new Promise((resolve) => {
      release = () => {
        this.#listsHeld = undefined;
        resolve();
      };
    });
    return release;
  }

  /** Sends a bookmark to each watch that takes them. */
  bookmark(): void {
    for (const watch of this.#watches) {
      if (!watch.bookmarks) continue;
      const { kind, apiVersion } = KINDS[watch.resource] ?? { kind: '', apiVersion: '' };
      const metadata = { resourceVersion: String(this.store.version), creationTimestamp: null };
      this.#send(watch, { type: 'BOOKMARK', object: { kind, apiVersion, metadata } });
    }
  }

  /** Ends all watches with an ERROR event. */
  failWatches(code: number, reason: string, message: string): void {
    for (const watch of this.#watches) {
      this.#send(watch, { type: 'ERROR', object: statusOf(code, reason, message) });
      watch.response.end();
    }
  }

  /** Ends all watches in order, as at their timeout. */
  endWatches(): void {
    for (const { response } of this.#watches) response.end();
  }

  /** Breaks the connections of all watches. */
  dropWatches(): void {
    for (const { response } of this.#watches) response.socket?.destroy();
  }

  /** From now on watches say nothing, and do not end. */
  muteWatches(): void {
    this.#muted = true;
  }

  /** Writes bytes to all watches as they are. */
  writeToWatches(bytes: string | Buffer): void {
    for (const { response } of this.#watches) response.write(bytes);
  }

  #create(): http.Server {
    const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      // A client that goes away in the middle of an answer is nobody's fault here.
      response.on('error', () => undefined);
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    };
    const { tls } = this.#options;
    if (tls === undefined) return http.createServer(onRequest);
    return https.createServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: false }, onRequest);
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server');
    const place = placeOf(url.pathname);
    const body = await readBody(request);
    const verb = verbOf(request.method ?? '', place?.name, url.searchParams);
    const { socket } = request;
    const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate() : undefined;
    const certifiedName = certificate === undefined ? undefined : String(certificate.subject.CN);
    this.requests.push({
      verb,
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      certifiedName,
      body,
    });
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (this.#tokens !== undefined && certifiedName === undefined && !this.#tokens.has(token)) {
      refuse(response, 401, 'Unauthorized', 'Unauthorized');
      return;
    }
    const refusal = this.#nextRefusal(verb, url.pathname);
    if (refusal !== undefined) {
      const { status, reason = '', message = 'refused by the test', retryAfterSeconds } = refusal;
      refuse(response, status, reason, message, retryAfterSeconds);
      return;
    }
    const document = this.#options.documents?.[url.pathname] ?? this.#review(place, body);
    if (document !== undefined) {
      response.writeHead(verb === 'create' ? 201 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document));
      return;
    }
    if (place === undefined || KINDS[place.resource] === undefined) {
      refuse(response, 404, 'NotFound', 'the server could not find the requested resource');
      return;
    }
    switch (verb) {
      case 'list':
        await this.#listsHeld;
        await this.#list(place, request, url.searchParams, response);
        return;
      case 'watch':
        this.#watch(place, request, url.searchParams, response);
        return;
      default:
        this.#single(verb, place, body as KubeObject, response);
    }
  }

  /** @returns undefined for what is no review */
  #review(place: Place | undefined, body: unknown): object | undefined {
    const { reviews } = this.#options;
    const review = body as { readonly spec?: { readonly token?: string } } | undefined;
    switch (place?.resource) {
      case 'tokenreviews':
        return { ...review, status: reviews?.token(review?.spec?.token ?? '') ?? {} };
      case 'subjectaccessreviews':
        return { ...review, status: reviews?.access(review?.spec) ?? { allowed: true } };
      default:
        return undefined;
    }
  }

  #nextRefusal(verb: Verb, path: string): Refusal | undefined {
    const found = this.#refusals.find(
      ({ refusal, left }) => refusal.verb === verb && left > 0 && (refusal.path === undefined || refusal.path === path),
    );
    if (found !== undefined) found.left--;
    return found?.refusal;
  }

  async #list(
    { resource, namespace, isKubelet }: Place,
    request: http.IncomingMessage,
    query: URLSearchParams,
    response: http.ServerResponse,
  ): Promise<void> {
    const wanted = query.get('resourceVersion') ?? '';
    if (Number(wanted) > this.store.version) {
      const cause = { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' };
      refuse(response, 504, 'Timeout', `Too large resource version: ${wanted}`, 1, [cause]);
      return;
    }
    const token = query.get('continue');
    const page = token === null ? undefined : this.#pages.get(token);
    if (token !== null && page === undefined) {
      refuse(response, 410, 'Expired', 'The provided continue parameter is too old');
      return;
    }
    const selected = this.store.list(resource).filter(selectionOf(namespace, query));
    const { objects, version } = page ?? { objects: selected, version: this.store.version };
    const fromCache = this.#options.watchCache !== false && wanted !== '';
    const limit = fromCache && token === null ? 0 : Number(query.get('limit') ?? '0');
    const shown = limit === 0 ? objects : objects.slice(0, limit);
    const rest = objects.slice(shown.length);
    const next = rest.length === 0 ? undefined : `page-${this.#pages.size + 1}-of-${version}`;
    if (next !== undefined) this.#pages.set(next, { objects: rest, version });
    const partial = isPartial(request);
    const { kind, apiVersion } = partial ? PARTIAL : (KINDS[resource] ?? PARTIAL);
    // The kubelet's list has no version.
    const metadata = isKubelet
      ? {}
      : { resourceVersion: String(version), ...(next === undefined ? {} : { continue: next }) };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(
      `{"kind":"${kind}List","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`,
    );
    for (const [index, object] of shown.entries()) {
      const text = `${index === 0 ? '' : ','}${JSON.stringify(partial ? partialOf(object) : object)}`;
      if (!response.write(text)) await whenWritable(response);
      if (response.destroyed) return;
    }
    response.end(']}\n');
  }

  #watch(
    { resource, namespace }: Place,
    request: http.IncomingMessage,
    query: URLSearchParams,
    response: http.ServerResponse,
  ): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const selected = selectionOf(namespace, query);
    const seconds = Number(query.get('timeoutSeconds') ?? '0');
    const watch: Watch = {
      resource,
      selected,
      partial: isPartial(request),
      bookmarks: query.get('allowWatchBookmarks') === 'true',
      response,
      timeout: seconds > 0 ? this.#clock.setTimer(seconds * 1000, () => this.#muted || response.end()) : undefined,
    };
    const since = query.get('resourceVersion') ?? '';
    const missed = since === '' || since === '0' ? [] : this.store.changesSince(Number(since));
    if (missed === undefined) {
      // As a real one: the watch is accepted, and its first event says that it cannot be.
      const message = `too old resource version: ${since} (${this.store.version})`;
      this.#send(watch, { type: 'ERROR', object: statusOf(410, 'Expired', message) });
      response.end();
      watch.timeout?.cancel();
      return;
    }
    this.#watches.add(watch);
    response.on('close', () => {
      this.#watches.delete(watch);
      watch.timeout?.cancel();
    });
    if (since === '' || since === '0') {
      for (const object of this.store.list(resource).filter(selected)) this.#send(watch, { type: 'ADDED', object });
    }
    for (const change of missed) this.#tellOne(watch, change);
  }

  #single(
    verb: Verb,
    { resource, namespace = '', name }: Place,
    body: KubeObject,
    response: http.ServerResponse,
  ): void {
    const wanted = verb === 'create' ? body.metadata.name : (name ?? '');
    const found = this.store.find(resource, namespace, wanted);
    const what = `${resource} "${wanted}"`;
    if (verb === 'create' ? found !== undefined : found === undefined) {
      if (verb === 'create') refuse(response, 409, 'AlreadyExists', `${what} already exists`);
      else refuse(response, 404, 'NotFound', `${what} not found`);
      return;
    }
    if (verb === 'create' || verb === 'update' || verb === 'patch') {
      const { resourceVersion } = body.metadata;
      if (verb !== 'create' && resourceVersion !== undefined && resourceVersion !== found?.metadata.resourceVersion) {
        const advice = 'the object has been modified; please apply your changes to the latest version and try again';
        refuse(response, 409, 'Conflict', `Operation cannot be fulfilled on ${what}: ${advice}`);
        return;
      }
      const merged = verb === 'patch' && found !== undefined ? merge(found, body) : body;
      const metadata = { ...merged.metadata, ...(namespace === '' ? {} : { namespace }) };
      this.put(resource, { ...KINDS[resource], ...merged, metadata });
    }
    if (verb === 'delete') {
      if (found !== undefined && failsPreconditions(found, body)) {
        refuse(response, 409, 'Conflict', `Precondition failed: ${what} is another one by now`);
        return;
      }
      this.remove(resource, namespace, wanted);
    }
    const answer =
      verb === 'delete' ? { kind: 'Status', status: 'Success' } : this.store.find(resource, namespace, wanted);
    response.writeHead(verb === 'create' ? 201 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  }

  #tell(change: Change): void {
    for (const watch of this.#watches) this.#tellOne(watch, change);
  }

  #tellOne(watch: Watch, change: Change): void {
    if (watch.resource !== change.resource) return;
    const event = eventOf(change, watch.selected);
    if (event !== undefined) this.#send(watch, event);
  }

  #send({ response, partial }: Watch, event: { readonly type: string; readonly object: object }): void {
    if (this.#muted) return;
    const isObject = event.type !== 'ERROR' && event.type !== 'BOOKMARK';
    const object = partial && isObject ? partialOf(event.object as KubeObject) : event.object;
    response.write(`${JSON.stringify({ type: event.type, object })}\n`);
  }
}

const PARTIAL = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };

interface Place {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** `/pods`, as a kubelet has it. */
  readonly isKubelet: boolean;
}

/** @returns undefined for what is no path of an API */
function placeOf(path: string): Place | undefined {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  if (path === '/pods' || path === '/pods/') {
    return { resource: 'pods', namespace: undefined, name: undefined, isKubelet: true };
  }
  const rest = parts[0] === 'api' ? parts.slice(2) : parts[0] === 'apis' ? parts.slice(3) : [];
  const [first = '', second, third, fourth] = rest;
  if (rest.length === 0 || rest.length > 4) return undefined;
  const within = first === 'namespaces' && third !== undefined;
  return within
    ? { resource: third, namespace: second, name: fourth, isKubelet: false }
    : { resource: first, namespace: undefined, name: second, isKubelet: false };
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): Verb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    default:
      if (name !== undefined) return 'get';
      return query.get('watch') === 'true' ? 'watch' : 'list';
  }
}

async function readBody(request: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** A merge patch (RFC 7396) that takes nothing away, and of which fields are replaced but for metadata. */
function merge(object: KubeObject, patch: KubeObject): KubeObject {
  return { ...object, ...patch, metadata: { ...object.metadata, ...patch.metadata } };
}

function isPartial(request: http.IncomingMessage): boolean {
  return request.headers.accept?.includes('as=PartialObjectMetadata') === true;
}

function partialOf({ metadata }: KubeObject): object {
  return { ...PARTIAL, metadata };
}

function statusOf(code: number, reason: string, message: string, details?: object): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
}

function refuse(
  response: http.ServerResponse,
  code: number,
  reason: string,
  message: string,
  retryAfterSeconds?: number,
  causes?: readonly object[],
): void {
  response.writeHead(code, {
    'content-type': 'application/json',
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  });
  response.end(JSON.stringify(statusOf(code, reason, message, causes === undefined ? undefined : { causes })));
}

/** Or closed. */
function whenWritable(response: http.ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const resume = (): void => {
      response.off('drain', resume);
      response.off('close', resume);
      resolve();
    };
    response.on('drain', resume);
    response.on('close', resume);
  });
}
