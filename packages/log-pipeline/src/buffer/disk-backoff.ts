import type { BackoffOptions } from '@vigie/core/backoff';

/** A disk that is full or has gone is looked at again so often. */
export const DISK_BACKOFF: BackoffOptions = { baseMs: 200, capMs: 5_000 };
