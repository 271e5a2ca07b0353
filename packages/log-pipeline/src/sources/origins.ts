import { randomBytes } from 'node:crypto';
import type { RecordFacts } from '../encode/document.ts';
import { NO_POD_METADATA } from '../encode/document.ts';

/** One sender's resource or stream. */
export interface Origin {
  readonly facts: RecordFacts;
}

/** Beyond it the one that was not heard of for longest is forgotten, and made anew when it comes again. */
const KEPT = 1024;

/** Origins by what senders say of them, so that what sinks make of their facts is made once. */
export class Origins<Known extends Origin> {
  readonly #known = new Map<string, Known>();

  of(key: string, create: () => Known): Known {
    let origin = this.#known.get(key);
    if (origin === undefined) {
      origin = create();
      if (this.#known.size >= KEPT) {
        const oldest = this.#known.keys().next();
        if (oldest.done !== true) this.#known.delete(oldest.value);
      }
    } else this.#known.delete(key);
    this.#known.set(key, origin);
    return origin;
  }
}

/** Numbers the records that a process took, so that each has an id of its own. */
export class Sequence {
  #next = 0;

  next(): number {
    return this.#next++;
  }
}

/** Of a record that nothing is known of but that it came here. */
export function unknownFacts(nodeName: string | undefined): RecordFacts {
  return {
    ...NO_POD_METADATA,
    namespace: undefined,
    podName: undefined,
    podUid: undefined,
    containerName: undefined,
    restartCount: undefined,
    containerId: undefined,
    nodeName,
    labels: {},
    path: undefined,
    // 132 bits, as those of files have: a push that is sent again is another one.
    idPrefix: randomBytes(17).toString('base64url').slice(0, 22),
  };
}
