/** OpenTelemetry's severity numbers, and what a document's `log.level` says for them. */

/** By the number at which each begins; what lies between counts as the one before. */
const NAMES: readonly (readonly [from: number, name: string])[] = [
  [21, 'fatal'],
  [19, 'alert'],
  [18, 'critical'],
  [17, 'error'],
  [13, 'warn'],
  [10, 'notice'],
  [9, 'info'],
  [5, 'debug'],
  [1, 'trace'],
];

/** @param severity 1 to 24 */
function severityName(severity: number): string {
  return NAMES.find(([from]) => severity >= from)?.[1] ?? '';
}

/** `"log.level":"warn"` */
export function severityMember(severity: number): string {
  return `"log.level":"${severityName(severity)}"`;
}
