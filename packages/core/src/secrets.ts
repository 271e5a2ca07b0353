/** Secrets from files (`*_file` keys), read again when they change. */
import type { Clock } from './clock.ts';
import { VigieError } from './errors.ts';
import { ReloadedFiles } from './reloaded-files.ts';

export class SecretFile {
  readonly path: string;
  readonly #files: ReloadedFiles<string>;

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#files = new ReloadedFiles([path], ([content]) => decodeSecret(path, content ?? Buffer.alloc(0)), clock);
  }

  /** The secret without the white space around it; as of at most 10 s ago. A file that has become unreadable leaves the
   *  last secret in place.
   *  @throws {VigieError} FILE_UNREADABLE or SECRET_EMPTY, when there has been no secret yet */
  value(): string {
    return this.#files.current();
  }

  /** Why the file, as it is now, is not what value() answers. */
  get failure(): unknown {
    return this.#files.failure;
  }
}

function decodeSecret(path: string, content: Buffer): string {
  const secret = content.toString('utf8').trim();
  if (secret === '') throw new VigieError('SECRET_EMPTY', `${path} is empty; it should hold the secret`);
  return secret;
}
