import type { Clock } from '@vigie/core/clock';
import type { RecordShape } from '../encode/group-shape.ts';
import type { ContainerLog, Generation } from '../tail/generation.ts';
import type { ContainerFacts } from '../transforms/transform.ts';
import { idPrefix } from './id-prefix.ts';
import type { LaneSink } from './requests.ts';

/** Shapes kept ready: at 1-2 KiB each, what the busy containers of a node need. */
const SHAPES_KEPT = 512;
/** Then nobody is busy, and they are let go: with their buffers they take 1.4 MB. */
const SHAPES_IDLE_MS = 5_000;

export interface RecordShapesDeps {
  readonly clock: Clock;
  readonly sink: Pick<LaneSink, 'shape'>;
  readonly facts: (log: ContainerLog) => ContainerFacts;
}

/** Shapes of records kept ready: what is the same for every record of a generation is serialised once. */
export class RecordShapes {
  readonly #deps: RecordShapesDeps;
  readonly #shapes = new Map<string, RecordShape>();
  #usedAtMs = 0;

  constructor(deps: RecordShapesDeps) {
    this.#deps = deps;
  }

  /** @param revision of what is known of the container: another one has another shape
   *  @param utcDay where the sink's requests differ by it */
  of(generation: Generation, revision: number, utcDay: string | undefined): RecordShape {
    const { clock, facts, sink } = this.#deps;
    const key = `${generation.id} ${revision} ${generation.head?.hash ?? ''} ${utcDay ?? ''}`;
    this.#usedAtMs = clock.monotonicMs();
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    const container = facts(generation.log);
    const shape = sink.shape({ ...container, idPrefix: idPrefix(container, generation) }, utcDay);
    if (this.#shapes.size >= SHAPES_KEPT) {
      const oldest = this.#shapes.keys().next();
      if (oldest.done !== true) this.#shapes.delete(oldest.value);
    }
    this.#shapes.set(key, shape);
    return shape;
  }

  /** Lets go of them where none was asked for in a while; for whoever comes by from time to time.
   *  @returns whether there are any left */
  letGoIfIdle(): boolean {
    if (this.#deps.clock.monotonicMs() - this.#usedAtMs >= SHAPES_IDLE_MS) this.#shapes.clear();
    return this.#shapes.size > 0;
  }
}
