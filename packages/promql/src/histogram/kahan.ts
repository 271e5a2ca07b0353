/** Summation that carries what was rounded off (Neumaier's variant of Kahan's). Hot loops write it out themselves: two
 *  results would be an allocation. */

export class KahanSum {
  sum = 0;
  compensation = 0;

  add(value: number): void {
    const next = this.sum + value;
    if (next === Infinity || next === -Infinity) this.compensation = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) this.compensation += this.sum - next + value;
    else this.compensation += value - next + this.sum;
    this.sum = next;
  }

  get total(): number {
    return this.sum + this.compensation;
  }
}
