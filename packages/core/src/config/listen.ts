/** `listen` and `tls` sections. */
import * as v from 'valibot';
import { type HostPort, parseHostPort } from '../host-port.ts';
import type { AuthOptions } from '../http-server/auth.ts';
import type { ListenerOptions } from '../http-server/listener.ts';
import type { ClientTlsFiles, ServerTlsFiles } from '../tls.ts';
import { filePath, parsed, section, text } from './fields.ts';

/** `HOST:PORT`, `[IPV6]:PORT` or `:PORT`. */
export function hostPort() {
  return parsed<HostPort>('HOST:PORT', parseHostPort);
}

function plainAddress() {
  return v.pipe(
    hostPort(),
    v.transform((address): ListenAddress => ({ address, auth: { type: 'none' } })),
  );
}

/** An address, or `{address, tls: {cert_file, key_file, client_ca_file}, auth: {type: none|basic|bearer|mtls, …}}`. */
export function listen() {
  const detailed = v.pipe(
    section({
      address: hostPort(),
      tls: v.optional(serverTlsSection()),
      auth: v.optional(authSection(), { type: 'none' }),
    }),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed || dataset.value.auth.type !== 'mtls' || dataset.value.tls?.clientCaFile !== undefined) return;
      addIssue({ message: 'tls.client_ca_file beside auth of type mtls' });
    }),
  );
  return v.union([plainAddress(), detailed], 'HOST:PORT, or a mapping with address, tls and auth');
}

/** The same of a server whose metrics somebody else may scrape: `metrics: open` in the mapping asks no auth for them. */
export function listenWithMetrics() {
  const detailed = v.pipe(
    section({
      address: hostPort(),
      tls: v.optional(serverTlsSection()),
      auth: v.optional(authSection(), { type: 'none' }),
      metrics: v.optional(v.picklist(['auth', 'open']), 'auth'),
    }),
    v.check(
      ({ auth, tls }) => auth.type !== 'mtls' || tls?.clientCaFile !== undefined,
      'tls.client_ca_file beside auth of type mtls',
    ),
    v.transform(({ metrics, ...options }): ListenAddress => ({ ...options, openMetrics: metrics === 'open' })),
  );
  return v.union([plainAddress(), detailed], 'HOST:PORT, or a mapping with address, tls, auth and metrics');
}

/** Everything of ListenerOptions but the name. */
export type ListenAddress = Omit<ListenerOptions, 'name'>;

/** TLS of a client: every key may be left out. */
export function clientTlsSection() {
  return v.pipe(
    section({
      ca_file: v.optional(filePath()),
      cert_file: v.optional(filePath()),
      key_file: v.optional(filePath()),
      server_name: v.optional(text()),
      insecure_skip_verify: v.optional(v.boolean(), false),
    }),
    v.check(
      ({ cert_file, key_file }) => (cert_file === undefined) === (key_file === undefined),
      'cert_file and key_file together',
    ),
    v.transform(
      (tls): ClientTlsFiles => ({
        caFile: tls.ca_file,
        certFile: tls.cert_file,
        keyFile: tls.key_file,
        serverName: tls.server_name,
        insecureSkipVerify: tls.insecure_skip_verify,
      }),
    ),
  );
}

function serverTlsSection() {
  return v.pipe(
    section({ cert_file: filePath(), key_file: filePath(), client_ca_file: v.optional(filePath()) }),
    v.transform(
      (tls): ServerTlsFiles => ({
        certFile: tls.cert_file,
        keyFile: tls.key_file,
        clientCaFile: tls.client_ca_file,
      }),
    ),
  );
}

function authSection() {
  return v.variant('type', [
    section({ type: v.literal('none') }),
    v.pipe(
      section({ type: v.literal('basic'), user: text(), password_file: filePath() }),
      v.transform((auth): AuthOptions => ({ type: 'basic', user: auth.user, passwordFile: auth.password_file })),
    ),
    v.pipe(
      section({ type: v.literal('bearer'), token_file: filePath() }),
      v.transform((auth): AuthOptions => ({ type: 'bearer', tokenFile: auth.token_file })),
    ),
    section({ type: v.literal('mtls') }),
  ]);
}
