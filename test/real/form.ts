/** The quick form has a budget of ten minutes with everything installed on the way, and is what CI runs; the full form has more rounds and sizes. */
export const isFullForm = process.env.VIGIE_REAL === 'full';

/** @returns `quick`, or `full` in the full form (`npm run test:real -- --full`, VIGIE_REAL=full). */
export function inForm<T>(quick: T, full: T): T {
  return isFullForm ? full : quick;
}
