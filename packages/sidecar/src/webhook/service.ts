import type { Clock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { type HealthCheck, type HealthSource, healthRoutes } from '@vigie/core/http-server/health-routes';
import { HttpListener } from '@vigie/core/http-server/listener';
import type { Component } from '@vigie/core/lifecycle';
import type { Log } from '@vigie/core/log';
import type { Exposition } from '@vigie/core/telemetry';
import type { ServerTlsOptions } from '@vigie/core/tls';
import { type CertificateSource, expiryMs } from '@vigie/kube/certificates/certificate-source';
import type { InjectionSettings } from '../inject/settings.ts';
import { AdmissionListener, REJECTED_REASONS } from './admission-listener.ts';
import { injectionSettings, type WebhookConfig } from './config.ts';
import { ReviewCounts } from './review-counts.ts';
import type { WebhookTelemetry } from './telemetry.ts';

export interface WebhookDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly telemetry: WebhookTelemetry;
  readonly certificates: CertificateSource;
  /** Reads the configuration again, for a reload. */
  readonly readConfig: () => Promise<WebhookConfig>;
  /** Where the lines `listening on …` go. */
  readonly print: (line: string) => void;
}

/** The webhook as a process component: health and metrics on one port, which opens first, and admission on another, as
 *  soon as there is a certificate. */
export class WebhookService implements Component, HealthSource {
  readonly reload: () => Promise<void>;
  readonly #config: WebhookConfig;
  readonly #deps: WebhookDeps;
  readonly #log: Log;
  readonly #http: HttpListener;
  readonly #admission: AdmissionListener;
  readonly #counts = new ReviewCounts();
  readonly #ending = new AbortController();
  readonly #reloads = { success: 0, failure: 0, lastFailed: false };
  #settings: InjectionSettings;
  #following: Promise<void> | undefined;
  #isServing = false;
  #expiresAtMs: number | undefined;

  constructor(config: WebhookConfig, deps: WebhookDeps) {
    const { clock, log, print, telemetry, version } = deps;
    this.#config = config;
    this.#deps = deps;
    this.#log = log;
    this.#settings = injectionSettings(config, version);
    this.reload = coalesce(() => this.#reload());
    this.#http = new HttpListener({ name: 'http', ...config.listen }, healthRoutes(this, log), { clock, log, print });
    const { admission } = config;
    this.#admission = new AdmissionListener(
      {
        address: admission.listen,
        requiresClientCertificate: admission.tls?.client_ca_file !== undefined,
        maxConcurrent: admission.max_concurrent,
      },
      {
        clock,
        log,
        print,
        settings: () => this.#settings,
        reviewed: (outcome, seconds) => {
          this.#counts.reviewed(outcome);
          telemetry.observe('reviewSeconds', {}, seconds);
        },
        rejected: (reason) => this.#counts.rejected(reason),
      },
    );
    telemetry.collect((report) => {
      this.#counts.report((result, reason, count) => report('reviews', { result, reason }, count));
      for (const reason of REJECTED_REASONS) report('rejected', { reason }, this.#counts.rejectedFor(reason));
      report('reviewsInProgress', {}, this.#admission.inProgress);
      if (this.#expiresAtMs !== undefined) report('certificateExpiry', {}, this.#expiresAtMs / 1000);
      report('certificateProblem', {}, deps.certificates.problem === undefined ? 0 : 1);
      report('reloads', { result: 'success' }, this.#reloads.success);
      report('reloads', { result: 'failure' }, this.#reloads.failure);
      report('reloadSuccess', {}, this.#reloads.lastFailed ? 0 : 1);
      report('buildInfo', { version, node: process.version }, 1);
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    const { certificates } = this.#deps;
    await this.#http.start();
    const tls = await certificates.first(signal);
    this.#expiresAtMs = expiryMs(tls.cert);
    await this.#admission.start(tls);
    this.#isServing = true;
    this.#following = certificates
      .follow((next) => this.#use(next), this.#ending.signal)
      .catch((error: unknown) => this.#log.error('the certificate is no longer looked after', { error }));
  }

  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#isServing = false;
    this.#ending.abort(new DOMException('the webhook ends', 'AbortError'));
    await this.#admission.close({ graceMs });
    await this.#following;
    await this.#http.close({ graceMs: 0 });
  }

  /** Nothing is mended by a restart. */
  live(): readonly HealthCheck[] {
    return [{ name: 'webhook' }];
  }

  ready(): readonly HealthCheck[] {
    const problem = this.#certificateProblem();
    const serving = this.#isServing ? undefined : 'it does not take reviews';
    return [
      { name: 'admission', problem: serving },
      { name: 'certificate', problem },
    ];
  }

  metrics(): Promise<Exposition> {
    return this.#deps.telemetry.expose();
  }

  /** A certificate that cannot be renewed is good until it ends: the metric and the log tell of it before. */
  #certificateProblem(): string | undefined {
    const { certificates, clock } = this.#deps;
    if (this.#expiresAtMs === undefined) return certificates.problem ?? 'there is none yet';
    if (this.#expiresAtMs > clock.nowMs()) return undefined;
    return `it ended at ${new Date(this.#expiresAtMs).toISOString()}`;
  }

  #use(tls: ServerTlsOptions): void {
    this.#expiresAtMs = expiryMs(tls.cert);
    this.#admission.use(tls);
  }

  /** Takes up `injection`, which is all that a running webhook can change. */
  async #reload(): Promise<void> {
    try {
      const config = await this.#deps.readConfig();
      if (JSON.stringify(fixedPart(config)) !== JSON.stringify(fixedPart(this.#config))) {
        this.#log.warn('of a changed configuration only injection is taken up; the rest needs a restart');
      }
      this.#settings = injectionSettings(config, this.#deps.version);
      this.#reloads.success++;
      this.#reloads.lastFailed = false;
    } catch (error) {
      this.#reloads.failure++;
      this.#reloads.lastFailed = true;
      throw error;
    }
  }
}

function fixedPart({ injection: _, ...rest }: WebhookConfig): object {
  return rest;
}
