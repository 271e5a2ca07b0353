/** TLS of clients and servers from PEM files, read again when they change. */
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Clock } from './clock.ts';
import { VigieError } from './errors.ts';
import { ReloadedFiles } from './reloaded-files.ts';

export interface ClientTlsFiles {
  /** Trusted instead of the authorities that Node brings. */
  readonly caFile?: string | undefined;
  /** The client's own certificate, for mTLS; with keyFile. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Expected in the server's certificate, where that is not the name connected to. */
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify?: boolean | undefined;
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
  readonly minVersion: 'TLSv1.2';
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
  const { caFile, certFile, keyFile, serverName, insecureSkipVerify } = files;
  const paths = { ca: caFile, cert: certFile, key: keyFile };
  return pemFiles(paths, clock, (contents) => ({
    ...contents,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
    minVersion: 'TLSv1.2',
  }));
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
      throw new VigieError('TLS_INVALID', `${paths.join(', ')}: no usable PEM files`, { cause: error });
    }
    return options;
  };
  return new ReloadedFiles(paths, decode, clock);
}
