/** The staleness marker: a NaN with bits of its own, which says that a series ended. Compared by bits, for to JavaScript
 *  all NaN are one. Source: Prometheus, model/value. */

/** Low and high 32 bits of 0x7ff0000000000002. */
export const STALE_LOW = 0x00000002;
export const STALE_HIGH = 0x7ff00000;
