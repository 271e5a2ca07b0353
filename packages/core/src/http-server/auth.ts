/** Who may call a listener. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { assertNever } from '../errors.ts';
import { SecretFile } from '../secrets.ts';
import { HttpError } from './exchange.ts';

export type AuthOptions =
  | { readonly type: 'none' }
  | { readonly type: 'basic'; readonly user: string; readonly passwordFile: string }
  | { readonly type: 'bearer'; readonly tokenFile: string }
  /** A client certificate that the listener's client_ca_file vouches for. */
  | { readonly type: 'mtls' };

export interface Authenticator {
  /** @throws {HttpError} 401 */
  check(headers: IncomingHttpHeaders, socket: Socket): void;
  readonly secret?: SecretFile;
}

/** @returns undefined for `none` */
export function authenticator(options: AuthOptions, clock: Clock): Authenticator | undefined {
  switch (options.type) {
    case 'none':
      return undefined;
    case 'basic': {
      const password = new SecretFile(options.passwordFile, clock);
      return credentialCheck('Basic', password, () => toBase64(`${options.user}:${password.value()}`));
    }
    case 'bearer': {
      const token = new SecretFile(options.tokenFile, clock);
      return credentialCheck('Bearer', token, () => token.value());
    }
    case 'mtls':
      return { check: checkClientCertificate };
    default:
      return assertNever(options);
  }
}

function credentialCheck(scheme: 'Basic' | 'Bearer', secret: SecretFile, expected: () => string): Authenticator {
  return {
    secret,
    check({ authorization }) {
      const [given = '', credentials = ''] = (authorization ?? '').split(' ', 2);
      if (given.toLowerCase() === scheme.toLowerCase() && sameSecret(credentials, expected())) return;
      throw new HttpError(401, 'credentials are missing or wrong', { 'www-authenticate': `${scheme} realm="vigie"` });
    },
  };
}

/** Takes the same time wherever the two differ, and whatever their lengths. */
function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** The handshake lets clients without a certificate through, because the kubelet probes without one. When such a client
 *  resumes its session, Node says `authorized` (X509_V_OK for any resumed TLS 1.3 session): so the certificate itself has
 *  to be there too. */
function checkClientCertificate(_headers: IncomingHttpHeaders, socket: Socket): void {
  if (isTls(socket) && socket.authorized && socket.getPeerX509Certificate() !== undefined) return;
  throw new HttpError(401, 'a client certificate that this listener trusts is required');
}

/** By what only such a socket has: node:tls is not loaded for listeners without certificates. */
function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true;
}

function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
