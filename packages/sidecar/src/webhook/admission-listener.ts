/** The HTTPS port that the API server calls, on fastify. Every review that can be read is answered `allowed: true`; what
 *  cannot be answered is an HTTP error, and failurePolicy: Ignore lets the pod pass. */
import type { Server } from 'node:https';
import type { Clock } from '@vigie/core/clock';
import { errorCode } from '@vigie/core/errors';
import { formatHostPort, type HostPort } from '@vigie/core/host-port';
import { openAddress, openPort } from '@vigie/core/http-server/port';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { ServerTlsOptions } from '@vigie/core/tls';
import fastify, { type FastifyInstance } from 'fastify';
import type { InjectionSettings } from '../inject/settings.ts';
import {
  type Outcome,
  type Review,
  type ReviewRequest,
  readReview,
  reviewAnswer,
  reviewObject,
} from './admission-review.ts';

export interface AdmissionListenerOptions {
  readonly address: HostPort;
  /** PEM: clients have to show a certificate that it has signed. */
  readonly requiresClientCertificate: boolean;
  readonly maxConcurrent: number;
}

export interface AdmissionListenerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly print: (line: string) => void;
  /** As of now: a reload changes them. */
  readonly settings: () => InjectionSettings;
  readonly reviewed: (outcome: Outcome | InternalError, seconds: number) => void;
  readonly rejected: (reason: RejectedReason) => void;
}

/** A defect of ours: the pod is let through as it is. */
export interface InternalError {
  readonly result: 'error';
  readonly reason: 'internal';
}

export const REJECTED_REASONS = ['too_large', 'busy', 'malformed', 'other'] as const;
export type RejectedReason = (typeof REJECTED_REASONS)[number];

export const REVIEW_PATH = '/mutate';

/** etcd takes objects of 1.5 MiB, the API server requests of 3 MiB: an object, what it was before, and escapes. */
const MAX_REVIEW_BYTES = 8 << 20;
/** The API server waits 10 s unless the configuration says less, and never more than 30 s. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the 90 s after which Go's client closes an idle connection: closing is the client's part. */
const KEEP_ALIVE_TIMEOUT_MS = 100_000;
/** API servers keep a few connections each; beyond, it is not them. */
const MAX_CONNECTIONS = 512;

export class AdmissionListener {
  readonly #options: AdmissionListenerOptions;
  readonly #deps: AdmissionListenerDeps;
  readonly #log: Log;
  #app: FastifyInstance<Server> | undefined;
  #inProgress = 0;
  #closed: Promise<void> | undefined;

  constructor(options: AdmissionListenerOptions, deps: AdmissionListenerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#log = limitRepeats(deps.log.child({ listener: 'admission' }), deps.clock);
  }

  get inProgress(): number {
    return this.#inProgress;
  }

  /** Opens the port and prints `listening on https://HOST:PORT (admission)`.
   *  @throws {VigieError} LISTEN_FAILED */
  async start(tls: ServerTlsOptions): Promise<void> {
    const app = this.#createApp(tls);
    this.#app = app;
    await app.ready();
    await openPort(app.server, this.#options.address);
    app.server.on('error', (error) => this.#log.error('cannot accept a connection', { error }));
    this.#deps.print(`listening on https://${formatHostPort(this.address)} (admission)`);
  }

  /** Where it listens, with the real port.
   *  @throws when it does not listen */
  get address(): HostPort {
    return openAddress(this.#app?.server, 'admission');
  }

  /** For connections from now on. */
  use(tls: ServerTlsOptions): void {
    this.#app?.server.setSecureContext(tls);
    this.#log.info('certificate changed');
  }

  /** Takes no new connection, lets reviews in progress end for at most graceMs, then cuts them. */
  close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    const app = this.#app;
    if (app === undefined) return;
    const cut = this.#deps.clock.setTimer(graceMs, () => app.server.closeAllConnections());
    await app.close();
    cut.cancel();
  }

  #createApp(tls: ServerTlsOptions): FastifyInstance<Server> {
    const app = fastify({
      https: {
        ...tls,
        ...(this.#options.requiresClientCertificate ? { requestCert: true, rejectUnauthorized: true } : {}),
      },
      logger: false,
      bodyLimit: MAX_REVIEW_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      forceCloseConnections: 'idle',
      // A review that comes while we drain is answered: a 503 would let its pod pass without a sidecar.
      return503OnClosing: false,
    });
    app.server.maxConnections = MAX_CONNECTIONS;
    app.addHook('onRequest', async (_request, reply) => {
      const startedAtMs = this.#deps.clock.monotonicMs();
      this.#inProgress++;
      const isBusy = this.#inProgress > this.#options.maxConcurrent;
      reply.raw.once('close', () => {
        this.#inProgress--;
        const outcome = outcomes.get(reply.raw);
        if (outcome !== undefined) {
          this.#deps.reviewed(outcome, (this.#deps.clock.monotonicMs() - startedAtMs) / 1000);
        }
      });
      if (isBusy) return reply.code(503).send({ error: 'too many reviews at a time' });
      return undefined;
    });
    const outcomes = new WeakMap<object, Outcome | InternalError>();
    app.post(REVIEW_PATH, async (request, reply) => {
      const review = readReview(request.body);
      if (review === undefined) {
        return reply.code(400).send({ error: 'expected an AdmissionReview of admission.k8s.io/v1' });
      }
      const { outcome, answer } = this.#answer(review);
      outcomes.set(reply.raw, outcome);
      return answer;
    });
    app.addHook('onSend', async (_request, reply) => {
      if (reply.statusCode >= 400) this.#deps.rejected(reasonOf(reply.statusCode));
    });
    app.setErrorHandler((error, _request, reply) => {
      const status = statusOf(error);
      if (status >= 500) this.#log.error('request failed', { error });
      return reply.code(status).send({ error: status >= 500 ? 'internal error' : messageOf(error) });
    });
    return app;
  }

  #answer(request: ReviewRequest): { readonly outcome: Outcome | InternalError; readonly answer: object } {
    const { uid, namespace, name, kind } = request;
    try {
      const review: Review = reviewObject(request, this.#deps.settings());
      const { outcome, warnings } = review;
      if (outcome.result === 'refused' || outcome.result === 'warned') {
        this.#log.info('no sidecar', { kind: kind.kind, namespace, name, reason: outcome.reason, warnings });
      }
      return { outcome, answer: reviewAnswer(uid, review) };
    } catch (error) {
      this.#log.error('a review failed; the object is let through as it is', {
        kind: kind.kind,
        namespace,
        name,
        error,
      });
      const warnings = ['vigie: no log sidecar: internal error, see the log of the webhook'];
      return { outcome: { result: 'error', reason: 'internal' }, answer: reviewAnswer(uid, { patch: [], warnings }) };
    }
  }
}

function reasonOf(status: number): RejectedReason {
  if (status === 413) return 'too_large';
  if (status === 503) return 'busy';
  return status === 400 || status === 415 ? 'malformed' : 'other';
}

function statusOf(error: unknown): number {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined;
  return typeof status === 'number' && status >= 400 && errorCode(error)?.startsWith('FST_') === true ? status : 500;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'bad request';
}
