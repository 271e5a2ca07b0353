/** Certificates that the webhook makes itself: kept in a Secret that its replicas share, trusted by the caBundle of its
 *  configuration, and renewed before they end. There is no leader: whoever writes first has made them, and the others,
 *  whose writes conflict, take what they find. */
import { X509Certificate } from 'node:crypto';
import { Backoff } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { ServerTlsOptions } from '@vigie/core/tls';
import { describeObstacle } from '@vigie/kube/answer';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import { type CertificateSource, expiryMs } from './certificates.ts';
import type { makeCertificates } from './make-certificates.ts';
import {
  isDue,
  type KubeObject,
  kubeObject,
  renewed,
  type StoredCertificates,
  secretWith,
  storedCertificates,
  trusting,
} from './stored-certificates.ts';

export interface SelfMadeOptions {
  /** Of the Secret and the Service. */
  readonly namespace: string;
  readonly secret: string;
  readonly service: string;
  readonly webhookConfiguration: string;
  readonly validityMs: number;
}

export interface SelfMadeDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly make: typeof makeCertificates;
}

/** How often Secret and configuration are looked at: two small GETs. It is also how long a new authority is trusted before
 *  what it has signed is served, which API servers need to hear of it. */
const CHECK_INTERVAL_MS = 60_000;
/** At least so often in the life of a certificate. */
const CHECKS_PER_LIFE = 20;
const RETRY = { baseMs: 1000, capMs: 30_000 };
/** Two replicas that write at the same time disagree once; more is somebody who writes all the time. */
const MAX_CONFLICTS = 5;

type Step<T> = { readonly status: 'ok'; readonly value: T } | { readonly status: 'conflict' } | Obstacle;
interface Obstacle {
  readonly status: 'obstacle';
  readonly detail: string;
}

export class SelfMadeCertificates implements CertificateSource {
  readonly #options: SelfMadeOptions;
  readonly #deps: SelfMadeDeps;
  readonly #log: Log;
  readonly #backoff: Backoff;
  readonly #secretPath: string;
  readonly #configurationPath: string;
  #problem: string | undefined;
  #served: StoredCertificates | undefined;
  /** A newer certificate, whose authority was found or made trusted at the last look. */
  #next: string | undefined;

  constructor(options: SelfMadeOptions, deps: SelfMadeDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#log = limitRepeats(deps.log, deps.clock);
    this.#backoff = new Backoff(RETRY, deps.random);
    const secrets = { group: '', version: 'v1', resource: 'secrets' };
    this.#secretPath = resourcePath(secrets, options.namespace, options.secret);
    const configurations = {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      resource: 'mutatingwebhookconfigurations',
    };
    this.#configurationPath = resourcePath(configurations, undefined, options.webhookConfiguration);
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  async first(signal: AbortSignal): Promise<ServerTlsOptions> {
    for (;;) {
      const stored = await this.#look(signal);
      if (stored !== undefined) return this.#serve(stored);
      await this.#deps.clock.sleep(this.#backoff.nextMs(), signal);
    }
  }

  async follow(use: (tls: ServerTlsOptions) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(this.#waitMs(), signal).catch(() => undefined);
      if (signal.aborted) return;
      const stored = await this.#look(signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        return undefined;
      });
      if (stored === undefined || stored.cert === this.#served?.cert) continue;
      // An API server that has not heard of the new authority yet would refuse it: another replica may have made it trusted
      // this very moment. Unless what is served is of no use any more.
      const wasTrusted = this.#next === stored.cert;
      this.#next = stored.cert;
      if (wasTrusted || this.#isServedOver()) use(this.#serve(stored));
    }
  }

  #serve(stored: StoredCertificates): ServerTlsOptions {
    this.#served = stored;
    return { cert: Buffer.from(stored.cert), key: Buffer.from(stored.key), minVersion: 'TLSv1.2' };
  }

  #isServedOver(): boolean {
    return this.#served === undefined || expiryMs(this.#served.cert) <= this.#deps.clock.nowMs();
  }

  #waitMs(): number {
    if (this.#problem !== undefined) return this.#backoff.nextMs();
    const intervalMs = Math.min(CHECK_INTERVAL_MS, this.#options.validityMs / CHECKS_PER_LIFE);
    return intervalMs * (1 + this.#deps.random() / 10);
  }

  /** @returns what is to be served, and is trusted by now; or undefined: `problem` says why
   *  @throws the signal's reason */
  async #look(signal: AbortSignal): Promise<StoredCertificates | undefined> {
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const step = await this.#attempt(signal);
      if (step.status === 'conflict') continue;
      if (step.status === 'obstacle') return this.#obstacle(step.detail);
      this.#problem = undefined;
      this.#backoff.reset();
      return step.value;
    }
    return this.#obstacle('others write to it all the time');
  }

  #obstacle(detail: string): undefined {
    this.#problem = detail;
    this.#log.warn('the certificate cannot be looked after; it is tried again', { detail });
    return undefined;
  }

  async #attempt(signal: AbortSignal): Promise<Step<StoredCertificates>> {
    try {
      const stored = await this.#stored(signal);
      if (stored.status !== 'ok') return stored;
      const trusted = await this.#trusted(stored.value.authorities, signal);
      return trusted.status === 'ok' ? stored : trusted;
    } catch (error) {
      signal.throwIfAborted();
      return { status: 'obstacle', detail: describeError(error) };
    }
  }

  /** What the Secret has, or new ones that are in it now. */
  async #stored(signal: AbortSignal): Promise<Step<StoredCertificates>> {
    const { clock, make, log } = this.#deps;
    const { service, namespace, validityMs } = this.#options;
    const found = await this.#get(this.#secretPath, signal);
    if (found.status !== 'ok') return found;
    const serverName = `${service}.${namespace}.svc`;
    const before = storedCertificates(found.value, serverName);
    const nowMs = clock.nowMs();
    if (before !== undefined && !isDue(before.cert, nowMs)) return { status: 'ok', value: before };
    const names = [serverName, `${serverName}.cluster.local`, `${service}.${namespace}`, service];
    const stored = renewed(await make(names, nowMs, validityMs), before, nowMs);
    const written = await this.#put(this.#secretPath, secretWith(found.value, stored), signal);
    if (written.status !== 'ok') return written;
    const { validTo } = new X509Certificate(stored.cert);
    log.info(before === undefined ? 'made a certificate' : 'renewed the certificate', { serverName, validTo });
    return { status: 'ok', value: stored };
  }

  /** Makes the configuration trust the authorities, where it does not. */
  async #trusted(authorities: readonly string[], signal: AbortSignal): Promise<Step<undefined>> {
    const found = await this.#get(this.#configurationPath, signal);
    if (found.status !== 'ok') return found;
    const changed = trusting(found.value, authorities);
    if (changed === undefined) return { status: 'ok', value: undefined };
    const written = await this.#put(this.#configurationPath, changed, signal);
    if (written.status === 'ok') {
      const configuration = this.#options.webhookConfiguration;
      this.#deps.log.info('the webhook configuration trusts the certificate', { configuration });
    }
    return written;
  }

  async #get(path: string, signal: AbortSignal): Promise<Step<KubeObject>> {
    const answer = await this.#deps.client.request({ method: 'GET', path }, signal);
    if (answer.status === 'ok') return { status: 'ok', value: kubeObject(answer.body) };
    const missing = answer.status === 'refused' && answer.httpStatus === 404 ? ' (it is part of the manifests)' : '';
    return { status: 'obstacle', detail: `GET ${path}: ${describeObstacle(answer)}${missing}` };
  }

  /** On condition that nobody has written since: the object has its resourceVersion. */
  async #put(path: string, body: KubeObject, signal: AbortSignal): Promise<Step<undefined>> {
    const answer = await this.#deps.client.request({ method: 'PUT', path, body }, signal);
    if (answer.status === 'ok') return { status: 'ok', value: undefined };
    if (answer.status === 'refused' && answer.httpStatus === 409) return { status: 'conflict' };
    return { status: 'obstacle', detail: `PUT ${path}: ${describeObstacle(answer)}` };
  }
}
