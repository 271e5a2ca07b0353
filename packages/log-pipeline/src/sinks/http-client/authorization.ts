/** Who we are to a server: the Authorization header, from secrets that may change while we run. */
import type { Clock } from '@vigie/core/clock';
import { SecretFile } from '@vigie/core/secrets';

/** A secret from the configuration (which reads the environment) or from a file. */
export type SecretSource = { readonly text: string } | { readonly file: string };

export type Credentials =
  | { readonly type: 'none' }
  | { readonly type: 'basic'; readonly user: string; readonly password: SecretSource }
  /** `ID:KEY`, or the base64 of it, which Elasticsearch calls `encoded`. */
  | { readonly type: 'api_key'; readonly key: SecretSource }
  | { readonly type: 'bearer'; readonly token: SecretSource };

export class Authorization {
  readonly #credentials: Credentials;
  readonly #secret: () => string;
  readonly #file: SecretFile | undefined;

  constructor(credentials: Credentials, clock: Clock) {
    this.#credentials = credentials;
    const source = secretOf(credentials);
    const file = source !== undefined && 'file' in source ? new SecretFile(source.file, clock) : undefined;
    this.#file = file;
    this.#secret =
      file === undefined ? () => (source !== undefined && 'text' in source ? source.text : '') : () => file.value();
  }

  /** @returns undefined where no credentials are configured
   *  @throws {VigieError} FILE_UNREADABLE or SECRET_EMPTY, when the file has never been good */
  header(): string | undefined {
    switch (this.#credentials.type) {
      case 'none':
        return undefined;
      case 'basic':
        return `Basic ${base64(`${this.#credentials.user}:${this.#secret()}`)}`;
      case 'api_key': {
        const key = this.#secret();
        return `ApiKey ${key.includes(':') ? base64(key) : key}`;
      }
      case 'bearer':
        return `Bearer ${this.#secret()}`;
    }
  }

  /** Why the secret's file, as it is now, is not what is used. */
  get failure(): unknown {
    return this.#file?.failure;
  }
}

function secretOf(credentials: Credentials): SecretSource | undefined {
  switch (credentials.type) {
    case 'none':
      return undefined;
    case 'basic':
      return credentials.password;
    case 'api_key':
      return credentials.key;
    case 'bearer':
      return credentials.token;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
