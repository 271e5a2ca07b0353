/** Where records can be looked at on their way: before and behind each transform of a lane. */
import type { Batch } from '../batch/batch.ts';
import type { RecordObserver } from '../lane/packer.ts';
import type { Keeping, Transform, TransformContext } from '../transforms/transform.ts';

/** A lane is one itself, of what leaves it. */
export interface TapPoint {
  /** One at a time; undefined ends it. */
  observe(observer: RecordObserver | undefined): void;
}

class Place implements TapPoint {
  observer: RecordObserver | undefined;

  observe(observer: RecordObserver | undefined): void {
    this.observer = observer;
  }
}

/** A transform whose records can be looked at. Costs a call for each batch. */
export class ObservedTransform implements Transform {
  readonly type: string;
  readonly #input = new Place();
  readonly #output = new Place();
  readonly #inner: Transform;

  constructor(inner: Transform) {
    this.type = inner.type;
    this.#inner = inner;
  }

  /** Records that come to it. */
  get input(): TapPoint {
    return this.#input;
  }

  /** What it has made of them. */
  get output(): TapPoint {
    return this.#output;
  }

  get keeping(): Keeping | undefined {
    return this.#inner.keeping;
  }

  apply(batch: Batch, context: TransformContext): void {
    this.#input.observer?.(batch, 0, batch.rowCount, context.facts);
    this.#inner.apply(batch, context);
    this.#output.observer?.(batch, 0, batch.rowCount, context.facts);
  }
}

export interface TappedLane {
  readonly lane: TapPoint;
  readonly route: {
    readonly source: string;
    readonly sink: string;
    readonly transforms: readonly { readonly name: string; readonly observed?: ObservedTransform | undefined }[];
  };
}

/** Where the records of a component pass, each of them once: of a source as it has read them, of a transform as it has
 *  made them, of a sink as they leave for it.
 *  @param component undefined: what leaves for the first sink of each source
 *  @returns none for what no record passes */
export function tapPointsOf(lanes: readonly TappedLane[], component: string | undefined): TapPoint[] {
  const toSink = lanes.filter(({ route }) => route.sink === component);
  if (toSink.length > 0) return toSink.map(({ lane }) => lane);
  const seen = new Set<string>();
  return lanes.flatMap(({ lane, route: { source, transforms } }) => {
    if (seen.has(source)) return [];
    const steps = transforms.flatMap(({ name, observed }) => (observed === undefined ? [] : [{ name, observed }]));
    let point: TapPoint | undefined;
    if (component === undefined) point = lane;
    else if (component === source) point = steps[0]?.observed.input ?? lane;
    else {
      const at = steps.findIndex(({ name }) => name === component);
      const step = steps[at];
      // What a transform keeps back goes on without it.
      const isBehind = step?.observed.keeping !== undefined;
      point = isBehind ? (steps[at + 1]?.observed.input ?? lane) : step?.observed.output;
    }
    if (point === undefined) return [];
    seen.add(source);
    return [point];
  });
}
