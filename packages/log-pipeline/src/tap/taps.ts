import { Tap, type TappedRecord } from './tap.ts';
import { type TapPoint, type TappedLane, tapPointsOf } from './tap-points.ts';

/** The taps that are open, each at the points where the records of its component pass. */
export class Taps {
  readonly #monotonicMs: () => number;
  /** With the component that each looks at. */
  readonly #open = new Map<Tap, string | undefined>();
  #lanes: readonly TappedLane[] = [];
  #points: readonly TapPoint[] = [];

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** @param component undefined: what leaves for the first sink of each source
   *  @returns closes it */
  open(listener: (record: TappedRecord) => void, recordsPerSecond: number, component?: string): () => void {
    const tap = new Tap(listener, recordsPerSecond, this.#monotonicMs);
    this.#open.set(tap, component);
    this.#attach();
    return () => {
      this.#open.delete(tap);
      this.#attach();
    };
  }

  /** These lanes run now: open taps look at them. */
  moveTo(lanes: readonly TappedLane[]): void {
    this.#lanes = lanes;
    this.#attach();
  }

  #attach(): void {
    for (const point of this.#points) point.observe(undefined);
    const observers = new Map<TapPoint, Tap[]>();
    for (const [tap, component] of this.#open) {
      for (const point of tapPointsOf(this.#lanes, component)) {
        observers.set(point, [...(observers.get(point) ?? []), tap]);
      }
    }
    for (const [point, taps] of observers) {
      point.observe((batch, from, end, facts) => {
        for (const tap of taps) tap.observe(batch, from, end, facts);
      });
    }
    this.#points = [...observers.keys()];
  }
}
