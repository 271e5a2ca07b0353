/** Whether a client's certificate may be believed. OpenSSL's own verdict is of no use here: there are two authorities that mean
 *  different things, they change while connections are open, and a resumed session is always called authorised. */
import type { X509Certificate } from 'node:crypto';

export type ChainVerdict =
  | {
      readonly status: 'trusted';
      /** When the first certificate of the chain ends, Unix ms. */
      readonly untilMs: number;
    }
  | { readonly status: 'untrusted'; readonly reason: string };

/** Real chains have an intermediate or two. */
const MAX_CHAIN = 8;
/** RFC 5280: clientAuth, and anyExtendedKeyUsage. */
const CLIENT_USES = new Set(['1.3.6.1.5.5.7.3.2', '2.5.29.37.0']);

/** @param leaf with the certificates the peer sent along behind `issuerCertificate`
 *  Cost: a signature for each link; once per connection. */
export function verifyChain(
  leaf: X509Certificate,
  authorities: readonly X509Certificate[],
  nowMs: number,
): ChainVerdict {
  const uses = leaf.keyUsage as readonly string[] | undefined;
  if (uses !== undefined && uses.length > 0 && !uses.some((use) => CLIENT_USES.has(use))) {
    return untrusted('it is not a certificate for clients');
  }
  let untilMs = Number.POSITIVE_INFINITY;
  let problem = 'no authority that is trusted has signed it';
  let current = leaf;
  for (let depth = 0; depth < MAX_CHAIN; depth++) {
    if (nowMs < Date.parse(current.validFrom)) return untrusted('its time has not begun');
    const endMs = Date.parse(current.validTo);
    if (nowMs > endMs) return untrusted(`it ended at ${current.validTo}`);
    if (depth > 0 && !current.ca) return untrusted('it is signed by what is no authority');
    untilMs = Math.min(untilMs, endMs);
    for (const authority of authorities) {
      if (!isIssuedBy(current, authority)) continue;
      const authorityEndMs = Date.parse(authority.validTo);
      if (nowMs >= Date.parse(authority.validFrom) && nowMs <= authorityEndMs)
        return { status: 'trusted', untilMs: Math.min(untilMs, authorityEndMs) };
      // One that was renewed with its key may stand beside it.
      problem = 'the authority that signed it has ended, or has not begun';
    }
    const next = current.issuerCertificate as X509Certificate | undefined;
    if (next === undefined || next === current || !isIssuedBy(current, next)) break;
    current = next;
  }
  return untrusted(problem);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function untrusted(reason: string): ChainVerdict {
  return { status: 'untrusted', reason };
}
