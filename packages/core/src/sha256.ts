/** SHA-256 without OpenSSL, which takes 2 MB of a process that needs it for nothing else (docs/decisions/0017). */
import { sha256 as digest } from '@noble/hashes/sha2.js';

/** As node:crypto computes it; for names and fingerprints, not for secrets.
 *  @returns 32 bytes */
export function sha256(message: Uint8Array): Buffer {
  return Buffer.from(digest(message));
}
