/** TLS of clients and servers from PEM files, read again when they change. */
import { createSecureContext, type SecureContextOptions, type SecureVersion } from 'node:tls';
import type { Clock } from './clock.ts';
import { VigieError } from './errors.ts';
import { ReloadedFiles } from './reloaded-files.ts';

export interface ClientTlsFiles {
  /** Trusted instead of the authorities that Node brings. */
  readonly caFile?: string | undefined;
  /** The client's own certificate, for mTLS; with keyFile. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** The same three as PEM texts, for those that stand in a configuration itself; a file goes before. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Expected in the server's certificate, where that is not the name connected to. */
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify?: boolean | undefined;
  /** TLSv1.2 unless given. */
  readonly minVersion?: SecureVersion | undefined;
  readonly maxVersion?: SecureVersion | undefined;
}

export interface ServerTlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Who may have signed the certificates of clients. */
  readonly clientCaFile?: string | undefined;
}

/** Options for tls.connect and https.request. */
export interface ClientTlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: false;
  readonly minVersion: SecureVersion;
  readonly maxVersion?: SecureVersion;
}

/** Options for https.createServer and setSecureContext. */
export interface ServerTlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly minVersion: 'TLSv1.2';
}

/** @returns current() answers the same object until the files change: a client that sees another one connects anew.
 *  It throws {VigieError} FILE_UNREADABLE or TLS_INVALID, when the files have never been good */
export function clientTls(files: ClientTlsFiles, clock: Clock): ReloadedFiles<ClientTlsOptions> {
  const { caFile, certFile, keyFile, serverName, insecureSkipVerify, minVersion, maxVersion } = files;
  const paths = { ca: caFile, cert: certFile, key: keyFile };
  return pemFiles(paths, clock, (contents) => ({
    ...inlinePem(files),
    ...contents,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
    minVersion: minVersion ?? 'TLSv1.2',
    ...(maxVersion === undefined ? {} : { maxVersion }),
  }));
}

function inlinePem({ ca, cert, key }: ClientTlsFiles): Partial<Record<PemName, Buffer>> {
  return {
    ...(ca === undefined ? {} : { ca: Buffer.from(ca) }),
    ...(cert === undefined ? {} : { cert: Buffer.from(cert) }),
    ...(key === undefined ? {} : { key: Buffer.from(key) }),
  };
}

/** As clientTls, for a server. */
export function serverTls(files: ServerTlsFiles, clock: Clock): ReloadedFiles<ServerTlsOptions> {
  const paths = { ca: files.clientCaFile, cert: files.certFile, key: files.keyFile };
  const empty = Buffer.alloc(0);
  return pemFiles(paths, clock, ({ ca, cert = empty, key = empty }) => ({
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2',
  }));
}

type PemName = 'ca' | 'cert' | 'key';

function pemFiles<T extends SecureContextOptions>(
  files: Readonly<Record<PemName, string | undefined>>,
  clock: Clock,
  optionsOf: (contents: Partial<Record<PemName, Buffer>>) => T,
): ReloadedFiles<T> {
  const names = (['ca', 'cert', 'key'] as const).filter((name) => files[name] !== undefined);
  const paths = names.map((name) => files[name] ?? '');
  const decode = (contents: readonly Buffer[]): T => {
    const options = optionsOf(Object.fromEntries(names.map((name, index) => [name, contents[index]])));
    try {
      // A key that is not the certificate's, as in the middle of a renewal, fails here and not in a handshake.
      createSecureContext(options);
    } catch (error) {
      throw new VigieError('TLS_INVALID', `${paths.join(', ') || 'tls'}: no usable PEM files`, { cause: error });
    }
    return options;
  };
  return new ReloadedFiles(paths, decode, clock);
}
