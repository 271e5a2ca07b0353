import { randomBytes } from 'node:crypto';
import type { RecordFacts } from '../encode/document.ts';
import { NO_POD_METADATA } from '../encode/document.ts';

/** One sender's resource or stream. */
export interface Origin {
  readonly facts: RecordFacts;
}

type ContainerFacts = Omit<RecordFacts, 'idPrefix' | 'path'>;

/** What is known of every sender because of where it pushes to: the node, or the pod if no other can reach it. The same
 *  object while it stays the same. */
export type PlaceFacts = Partial<ContainerFacts>;

/** Beyond it the one that was not heard of for longest is forgotten, and made anew when it comes again. */
const KEPT = 1024;

/** Origins by what senders say of them, so that what sinks make of their facts is made once. */
export class Origins<Known extends Origin> {
  readonly #known = new Map<string, Known>();
  #place: PlaceFacts | undefined;

  /** @param place another one makes all origins anew */
  of(place: PlaceFacts, key: string, create: () => Known): Known {
    if (place !== this.#place) this.#known.clear();
    this.#place = place;
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

/** What a sender says, and of the place what it does not say. Whoever speaks for another pod than that of the place says
 *  all there is to say of it. */
export function originFacts(place: PlaceFacts, said: PlaceFacts): RecordFacts {
  const isOfPlace = IDENTITY.every(
    (fact) => place[fact] === undefined || said[fact] === undefined || place[fact] === said[fact],
  );
  const known = isOfPlace ? place : { clusterName: place.clusterName };
  const facts = { ...unknownFacts(), ...known, ...said };
  return { ...facts, labels: { ...known.labels, ...said.labels } };
}

const IDENTITY = ['namespace', 'podName', 'podUid'] as const;

/** Of a record that nothing is known of but that it came here. */
function unknownFacts(): RecordFacts {
  return {
    ...NO_POD_METADATA,
    namespace: undefined,
    podName: undefined,
    podUid: undefined,
    containerName: undefined,
    restartCount: undefined,
    containerId: undefined,
    nodeName: undefined,
    labels: {},
    path: undefined,
    // 132 bits, as those of files have: a push that is sent again is another one.
    idPrefix: randomBytes(17).toString('base64url').slice(0, 22),
  };
}
