/** Certificates that a listener of the API server's makes itself: kept in a Secret that its replicas share, trusted by the caBundle of
 *  whatever tells API servers of it, and renewed before they end. There is no leader: whoever writes first has made them, and the
 *  others, whose writes conflict, take what they find. */
import { X509Certificate } from 'node:crypto';
import { Backoff } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { ServerTlsOptions } from '@vigie/core/tls';
import type { KubeClient } from '../client.ts';
import { type CertificateSource, expiryMs } from './certificate-source.ts';
import type { makeCertificates } from './make-certificates.ts';
import { getObject, type KubeObject, putObject, type Step, secretPath } from './object-steps.ts';
import { isDue, renewed, type StoredCertificates, secretWith, storedCertificates } from './stored-certificates.ts';

/** What tells API servers whom to trust. */
export interface Trust {
  /** Makes them trust the authorities, where they do not.
   *  @param authorities PEM
   *  @throws {VigieError} KUBE_OBJECT_INVALID; and the signal's reason */
  ensure(authorities: readonly string[], signal: AbortSignal): Promise<Step<undefined>>;
}

export interface SelfMadeOptions {
  /** Of the Secret and the Service. */
  readonly namespace: string;
  /** undefined: kept in memory, by a process that has no replicas. */
  readonly secret: string | undefined;
  readonly service: string;
  /** In the authority's name: `vigie sidecar webhook`. */
  readonly owner: string;
  readonly validityMs: number;
}

export interface SelfMadeDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly make: typeof makeCertificates;
  readonly trust: Trust;
}

/** How often Secret and trust are looked at: a few small GETs. It is also how long a new authority is trusted before
 *  what it has signed is served, which API servers need to hear of it. */
const CHECK_INTERVAL_MS = 60_000;
/** At least so often in the life of a certificate. */
const CHECKS_PER_LIFE = 20;
const RETRY = { baseMs: 1000, capMs: 30_000 };
/** Two replicas that write at the same time disagree once; more is somebody who writes all the time. */
const MAX_CONFLICTS = 5;

export class SelfMadeCertificates implements CertificateSource {
  readonly #options: SelfMadeOptions;
  readonly #deps: SelfMadeDeps;
  readonly #log: Log;
  readonly #backoff: Backoff;
  readonly #secretPath: string | undefined;
  /** In place of the Secret. */
  #kept: KubeObject = {};
  #problem: string | undefined;
  #served: StoredCertificates | undefined;
  /** A newer certificate, whose authority was found or made trusted at the last look. */
  #next: string | undefined;

  constructor(options: SelfMadeOptions, deps: SelfMadeDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#log = limitRepeats(deps.log, deps.clock);
    this.#backoff = new Backoff(RETRY, deps.random);
    this.#secretPath = options.secret === undefined ? undefined : secretPath(options.namespace, options.secret);
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
      const trusted = await this.#deps.trust.ensure(stored.value.authorities, signal);
      return trusted.status === 'ok' ? stored : trusted;
    } catch (error) {
      signal.throwIfAborted();
      return { status: 'obstacle', detail: describeError(error) };
    }
  }

  /** What the Secret has, or new ones that are in it now. */
  async #stored(signal: AbortSignal): Promise<Step<StoredCertificates>> {
    const { clock, make, log } = this.#deps;
    const { service, namespace, owner, validityMs } = this.#options;
    const found = await this.#read(signal);
    if (found.status !== 'ok') return found;
    const serverName = `${service}.${namespace}.svc`;
    const before = storedCertificates(found.value, serverName);
    const nowMs = clock.nowMs();
    if (before !== undefined && !isDue(before.cert, nowMs)) return { status: 'ok', value: before };
    const names = [serverName, `${serverName}.cluster.local`, `${service}.${namespace}`, service];
    const stored = renewed(await make(owner, names, nowMs, validityMs), before, nowMs);
    const written = await this.#write(secretWith(found.value, stored), signal);
    if (written.status !== 'ok') return written;
    const { validTo } = new X509Certificate(stored.cert);
    log.info(before === undefined ? 'made a certificate' : 'renewed the certificate', { serverName, validTo });
    return { status: 'ok', value: stored };
  }

  async #read(signal: AbortSignal): Promise<Step<KubeObject>> {
    if (this.#secretPath === undefined) return { status: 'ok', value: this.#kept };
    return getObject(this.#deps.client, this.#secretPath, signal);
  }

  async #write(secret: KubeObject, signal: AbortSignal): Promise<Step<undefined>> {
    if (this.#secretPath !== undefined) return putObject(this.#deps.client, this.#secretPath, secret, signal);
    this.#kept = secret;
    return { status: 'ok', value: undefined };
  }
}
