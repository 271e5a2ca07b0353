/** @param items ascending by their times
 *  @returns the index of the first that is not before timeMs; their number where all are */
export function firstFrom<T>(items: readonly T[], timeMs: number, timeOf: (item: T) => number): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timeOf(items[middle]!) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
