/** Self-made certificates as a Secret keeps them. Pure. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { MadeCertificates } from './make-certificates.ts';
import { type KubeObject, recordOf } from './object-steps.ts';

export interface StoredCertificates {
  /** Those that are trusted, newest first; the first has signed `cert`. PEM. */
  readonly authorities: readonly string[];
  readonly cert: string;
  readonly key: string;
}

/** Beside the one in use: certificates of replicas that have not seen the newest one yet. */
const MAX_AUTHORITIES = 4;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g;

/** @returns undefined where the Secret holds none that fit together and are for that name */
export function storedCertificates(secret: KubeObject, serverName: string): StoredCertificates | undefined {
  const authorities = textOf(secret, 'ca.crt').match(PEM) ?? [];
  const [cert, key] = [textOf(secret, 'tls.crt'), textOf(secret, 'tls.key')];
  try {
    const certificate = new X509Certificate(cert);
    const authority = new X509Certificate(authorities[0] ?? '');
    const fits =
      certificate.checkPrivateKey(createPrivateKey(key)) &&
      certificate.checkIssued(authority) &&
      certificate.verify(authority.publicKey) &&
      certificate.checkHost(serverName) !== undefined;
    return fits ? { authorities, cert, key } : undefined;
  } catch {
    // Empty, as the manifests have it, or written by somebody else: made anew.
    return undefined;
  }
}

/** Whether two thirds of its time are over. */
export function isDue(certificate: string, nowMs: number): boolean {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return nowMs >= from + ((to - from) * 2) / 3;
}

/** The new ones, and the authorities before them as long as they could have signed what is served. */
export function renewed(
  made: MadeCertificates,
  before: StoredCertificates | undefined,
  nowMs: number,
): StoredCertificates {
  const older = (before?.authorities ?? []).filter((pem) => Date.parse(new X509Certificate(pem).validTo) > nowMs);
  return { authorities: [made.ca, ...older].slice(0, MAX_AUTHORITIES), cert: made.cert, key: made.key };
}

/** The Secret with these certificates in it. */
export function secretWith(secret: KubeObject, { authorities, cert, key }: StoredCertificates): KubeObject {
  const encoded = { 'ca.crt': authorities.join(''), 'tls.crt': cert, 'tls.key': key };
  const entries = Object.entries(encoded).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
  return { ...secret, data: { ...recordOf(secret.data), ...Object.fromEntries(entries) } };
}

function textOf({ data }: KubeObject, name: string): string {
  const encoded = recordOf(data)[name];
  return typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString() : '';
}
