/** The k largest of what comes, smallest at the root; the same heap as Prometheus', so that of equal values the same ones
 *  stay. */
export class TopHeap {
  readonly rows: number[] = [];
  readonly values: number[] = [];
  readonly #isLess: (a: number, b: number) => boolean;

  /** @param direction `top` keeps the largest, `bottom` the smallest */
  constructor(direction: 'top' | 'bottom') {
    this.#isLess = direction === 'top' ? (a, b) => Number.isNaN(a) || a < b : (a, b) => Number.isNaN(a) || a > b;
  }

  offer(row: number, value: number, limit: number): void {
    if (this.rows.length < limit) {
      this.rows.push(row);
      this.values.push(value);
      this.#up(this.rows.length - 1);
      return;
    }
    const root = this.values[0]!;
    const isBetter = Number.isNaN(root) ? !Number.isNaN(value) : !Number.isNaN(value) && this.#isLess(root, value);
    if (!isBetter) return;
    this.rows[0] = row;
    this.values[0] = value;
    this.#down(0);
  }

  /** Best first; NaN last. */
  sorted(): readonly number[] {
    const order = [...this.rows.keys()];
    order.sort((a, b) => {
      const left = this.values[a]!;
      const right = this.values[b]!;
      if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
      return this.#isLess(right, left) ? -1 : this.#isLess(left, right) ? 1 : 0;
    });
    return order.map((at) => this.rows[at]!);
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isLess(this.values[at]!, this.values[parent]!)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.rows.length) return;
      const right = left + 1;
      const isRight = right < this.rows.length && this.#isLess(this.values[right]!, this.values[left]!);
      const child = isRight ? right : left;
      if (!this.#isLess(this.values[child]!, this.values[at]!)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #swap(a: number, b: number): void {
    const row = this.rows[a]!;
    const value = this.values[a]!;
    this.rows[a] = this.rows[b]!;
    this.values[a] = this.values[b]!;
    this.rows[b] = row;
    this.values[b] = value;
  }
}
