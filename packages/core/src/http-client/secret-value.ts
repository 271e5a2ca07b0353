/** Secrets of an HTTP client, which stand in the configuration or in a file. */
import type { Clock } from '../clock.ts';
import type { Secret } from '../config/http-client-config.ts';
import { SecretFile } from '../secrets.ts';

/** @returns the secret as of now; files are looked at every 10 s.
 *  It throws {VigieError} FILE_UNREADABLE or SECRET_EMPTY */
export function secretValue(secret: Secret, clock: Clock): () => string {
  if ('value' in secret) return () => secret.value;
  const file = new SecretFile(secret.file, clock);
  return () => file.value();
}
