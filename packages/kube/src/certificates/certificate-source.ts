/** Where the certificate of a listener that the API server calls comes from: files that others renew, here; or itself (self-made.ts). */
import { X509Certificate } from 'node:crypto';
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import { FILE_CHECK_INTERVAL_MS, type ReloadedFiles } from '@vigie/core/reloaded-files';
import { type ServerTlsFiles, type ServerTlsOptions, serverTls } from '@vigie/core/tls';

export interface CertificateSource {
  /** The first certificate, as soon as there is one.
   *  @throws where there can be none, and the signal's reason */
  first(signal: AbortSignal): Promise<ServerTlsOptions>;
  /** Hands over each later one, until the signal aborts; then it resolves. */
  follow(use: (tls: ServerTlsOptions) => void, signal: AbortSignal): Promise<void>;
  /** Why the certificate cannot be looked at or renewed, at present. */
  readonly problem: string | undefined;
}

/** PEM files, as cert-manager or an operator's own tool writes them. */
export class CertificateFiles implements CertificateSource {
  readonly #files: ReloadedFiles<ServerTlsOptions>;
  readonly #clock: Clock;
  #served: ServerTlsOptions | undefined;

  constructor(files: ServerTlsFiles, clock: Clock) {
    this.#files = serverTls(files, clock);
    this.#clock = clock;
  }

  get problem(): string | undefined {
    return this.#files.failure === undefined ? undefined : describeError(this.#files.failure);
  }

  async first(): Promise<ServerTlsOptions> {
    this.#served = this.#files.check();
    return this.#served;
  }

  async follow(use: (tls: ServerTlsOptions) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(FILE_CHECK_INTERVAL_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      const current = this.#files.check();
      if (current === this.#served) continue;
      this.#served = current;
      use(current);
    }
  }
}

/** @returns when the certificate ends, Unix ms */
export function expiryMs(certificate: string | Buffer): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}
