/** The series of one target. References of the database have 32 bits, those of an exposition's reader 31: it gets places in this list.
 *  Memory: 4 bytes for each series. */

/** The reference that no series has. */
const NO_REF = 0xffff_ffff;
/** The place of all series that the database does not take. */
export const REFUSED = 0;

export class SeriesPlaces {
  #refs = Uint32Array.of(NO_REF);
  #count = 1;
  #free: number[] = [];
  /** Series whose last sample had a time of its own; undefined where there was none such. */
  #timed: Uint8Array | undefined;
  /** By reference. It is there only while series are looked up: in a target that repeats itself, never. */
  #byRef: Map<number, number> | undefined;

  refAt(place: number): number {
    return this.#refs[place]!;
  }

  /** @returns the place of the series, and whether it is new */
  placeOf(ref: number): { readonly place: number; readonly isNew: boolean } {
    this.#byRef ??= this.#index();
    const known = this.#byRef.get(ref);
    if (known !== undefined) return { place: known, isNew: false };
    const place = this.#free.pop() ?? this.#count++;
    if (place >= this.#refs.length) this.#grow();
    this.#refs[place] = ref;
    this.#byRef.set(ref, place);
    return { place, isNew: true };
  }

  /** No more series are looked up for now. */
  endLookUp(): void {
    this.#byRef = undefined;
  }

  /** Its place is free for another. */
  release(place: number): void {
    if (place === REFUSED || this.#refs[place] === NO_REF) return;
    this.#byRef?.delete(this.refAt(place));
    this.#refs[place] = NO_REF;
    if (this.#timed !== undefined) this.#timed[place] = 0;
    this.#free.push(place);
  }

  clear(): void {
    this.#refs = Uint32Array.of(NO_REF);
    this.#count = 1;
    this.#free = [];
    this.#timed = undefined;
    this.#byRef = undefined;
  }

  setTimed(place: number, isTimed: boolean): void {
    if (this.#timed === undefined) {
      if (!isTimed) return;
      this.#timed = new Uint8Array(this.#refs.length);
    }
    this.#timed[place] = isTimed ? 1 : 0;
  }

  isTimed(place: number): boolean {
    return this.#timed?.[place] === 1;
  }

  /** Places that are taken. */
  *taken(): Generator<number> {
    for (let place = 1; place < this.#count; place++) if (this.#refs[place] !== NO_REF) yield place;
  }

  #index(): Map<number, number> {
    const byRef = new Map<number, number>();
    for (const place of this.taken()) byRef.set(this.refAt(place), place);
    return byRef;
  }

  #grow(): void {
    const size = Math.max(64, 2 * this.#refs.length);
    const refs = new Uint32Array(size).fill(NO_REF);
    refs.set(this.#refs);
    this.#refs = refs;
    if (this.#timed === undefined) return;
    const timed = new Uint8Array(size);
    timed.set(this.#timed);
    this.#timed = timed;
  }
}
