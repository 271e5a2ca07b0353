/** Descriptors that a full pipe does not block. A write that waits in a thread of libuv's pool cannot be called off, and
 *  `process.exit` waits for that thread: a sidecar whose reader hangs would outlive its grace time. */
import { constants, fstatSync, openSync } from 'node:fs';

export interface Reopened {
  readonly fd: number;
  /** `stream`: a pipe or socket, which may be full. `file`: takes what it is given, or fails. */
  readonly kind: 'stream' | 'file';
}

/** Opens what is behind the descriptor once more, so that O_NONBLOCK is ours alone and not of everybody who has the same
 *  pipe as their stdout. Where that cannot be done (a socket, a pipe of another user) it is the descriptor itself. */
export function reopenWithoutBlocking(fd: number): Reopened {
  const stat = fstatSync(fd);
  if (stat.isSocket()) return { fd, kind: 'stream' };
  if (!stat.isFIFO()) return { fd, kind: 'file' };
  try {
    return { fd: openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK), kind: 'stream' };
  } catch {
    return { fd, kind: 'stream' };
  }
}
