/** When the chains end by which a server's certificate was verified: Node.js verifies, and does not say by which. A server may send what none
 *  of them needs, as authorities that were signed by an older one, which has expired. Source: blackbox_exporter, prober/tls.go,
 *  getLastChainExpiry; Go, crypto/x509. */
import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { ClientTlsOptions } from '@vigie/core/tls';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** By the PEM that they stand in; of each module there is one. */
const parsed = new WeakMap<object, readonly X509Certificate[]>();

/** Whom a connection of these options trusts. Those that Node.js brings are read once, in some 10 ms. */
export function authoritiesOf({ ca }: Pick<ClientTlsOptions, 'ca'>): readonly X509Certificate[] {
  const of = ca ?? rootCertificates;
  const known = parsed.get(of);
  if (known !== undefined) return known;
  const pems = ca === undefined ? rootCertificates : (ca.toString('latin1').match(CERTIFICATE) ?? []);
  const authorities = pems.map((pem) => new X509Certificate(pem));
  parsed.set(of, authorities);
  return authorities;
}

/** Signatures have been verified with the connection: names and the keys' ids are enough to find the way again.
 *  @param sent by the server, its own first
 *  @returns Unix ms, the end of the chain that ends last; undefined where none leads to these authorities
 *  Cost: a comparison of each certificate that was sent with all others and all authorities. */
export function lastChainEnd(
  sent: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  nowMs: number,
): number | undefined {
  const valid = sent.filter((certificate) => isValid(certificate, nowMs));
  const trusted = authorities.filter((certificate) => isValid(certificate, nowMs));
  const ends = new Map<X509Certificate, number>();
  const reach = (certificate: X509Certificate, issuerEnd: number): boolean => {
    const end = Math.min(endOf(certificate), issuerEnd);
    if (end <= (ends.get(certificate) ?? Number.NEGATIVE_INFINITY)) return false;
    ends.set(certificate, end);
    return true;
  };
  for (const certificate of valid) {
    for (const authority of trusted) {
      const isIt = certificate.fingerprint256 === authority.fingerprint256;
      if (isIt || certificate.checkIssued(authority)) reach(certificate, endOf(authority));
    }
  }
  for (let hasChanged = true; hasChanged; ) {
    hasChanged = false;
    for (const certificate of valid) {
      for (const issuer of valid) {
        const end = ends.get(issuer);
        if (end === undefined || issuer === certificate || !certificate.checkIssued(issuer)) continue;
        if (reach(certificate, end)) hasChanged = true;
      }
    }
  }
  const [own] = sent;
  return own === undefined ? undefined : ends.get(own);
}

function isValid({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return Date.parse(validFrom) <= nowMs && nowMs <= Date.parse(validTo);
}

function endOf({ validTo }: X509Certificate): number {
  return Date.parse(validTo);
}
