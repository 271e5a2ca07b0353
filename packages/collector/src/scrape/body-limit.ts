/** How large the body of a scrape may be: never without bound, for it is held in memory as a whole. */

/** Where the configuration does not say: some millions of samples. */
const DEFAULT_BYTES = 256 * 1024 ** 2;
/** Whatever it says: twice of it, compressed and not, fit below the largest buffer of Node 20 (4 GiB) with room to spare. */
const MOST_BYTES = 1024 ** 3;

/** @param configured `body_size_limit`; undefined without one */
export function bodyLimit(configured: number | undefined): number {
  return Math.min(configured ?? DEFAULT_BYTES, MOST_BYTES);
}
