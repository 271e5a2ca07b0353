/** Who we are to a server, as of now: certificates and tokens that are read again when their files change. */
import { createSecureContext } from 'node:tls';
import type { Clock } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import { ReloadedFiles } from '@vigie/core/reloaded-files';
import type { ClientTlsOptions } from '@vigie/core/tls';
import type { KubeConfig, KubeCredentials, KubeTls, Source } from './config.ts';

export class Identity {
  readonly #tls: ReloadedFiles<ClientTlsOptions>;
  readonly #credentials: KubeCredentials;
  readonly #token: ReloadedFiles<string> | undefined;

  constructor(config: Pick<KubeConfig, 'tls' | 'credentials'>, clock: Clock) {
    this.#tls = tlsFiles(config.tls, clock);
    this.#credentials = config.credentials;
    if (config.credentials.type === 'bearer') this.#token = tokenFiles(config.credentials.token, clock);
  }

  /** Its current() throws {VigieError} FILE_UNREADABLE or TLS_INVALID, when the files have never been good. */
  get tls(): ReloadedFiles<ClientTlsOptions> {
    return this.#tls;
  }

  /** The Authorization header; undefined for the anonymous, and for those known by their certificate.
   *  @throws {VigieError} FILE_UNREADABLE or SECRET_EMPTY, when the token's file has never been good */
  authorization(): string | undefined {
    const credentials = this.#credentials;
    switch (credentials.type) {
      case 'none':
        return undefined;
      case 'basic':
        return `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
      case 'bearer':
        return `Bearer ${this.#token?.current() ?? ''}`;
    }
  }

  /** Looks at the files now: a server that says 401 may know of a new token before we do.
   *  @param refused the header that was refused
   *  @returns whether there is another one to try */
  renewed(refused: string | undefined): boolean {
    if (this.#token === undefined) return false;
    this.#token.check();
    return this.authorization() !== refused;
  }

  /** Why a file, as it is now, is not what is used. */
  get failure(): unknown {
    return this.#tls.failure ?? this.#token?.failure;
  }
}

function tokenFiles(source: Source, clock: Clock): ReloadedFiles<string> {
  return new ReloadedFiles(
    'file' in source ? [source.file] : [],
    ([content]) => {
      const token = ('file' in source ? (content?.toString('utf8') ?? '') : source.text).trim();
      if (token === '')
        throw new VigieError(
          'SECRET_EMPTY',
          `${'file' in source ? source.file : 'token'} is empty; it should hold a token`,
        );
      return token;
    },
    clock,
  );
}

function tlsFiles(tls: KubeTls, clock: Clock): ReloadedFiles<ClientTlsOptions> {
  const parts = (['ca', 'cert', 'key'] as const).flatMap((name) => {
    const source = tls[name];
    return source === undefined ? [] : [{ name, source }];
  });
  const paths = parts.flatMap(({ source }) => ('file' in source ? [source.file] : []));
  const decode = (contents: readonly Buffer[]): ClientTlsOptions => {
    const unread = contents.values();
    const pem = parts.map(({ name, source }) => {
      const content = 'file' in source ? unread.next().value : Buffer.from(source.text);
      return [name, content ?? Buffer.alloc(0)] as const;
    });
    const options: ClientTlsOptions = {
      ...Object.fromEntries(pem),
      ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
      ...(tls.insecureSkipVerify === true ? { rejectUnauthorized: false as const } : {}),
      minVersion: 'TLSv1.2',
    };
    try {
      // A key that is not the certificate's, as in the middle of a renewal, fails here and not in a handshake.
      createSecureContext(options);
    } catch (error) {
      const where = paths.length === 0 ? 'the kubeconfig file' : paths.join(', ');
      throw new VigieError('TLS_INVALID', `${where}: no usable PEM`, { cause: error });
    }
    return options;
  };
  return new ReloadedFiles(paths, decode, clock);
}
