/** What gathering context has come to, for telemetry. */

export const CONTEXT_RESULTS = {
  log_lines: ['lines', 'none', 'late', 'failed'],
  chart: ['drawn', 'none', 'late', 'failed'],
} as const;

export type CountedPart = keyof typeof CONTEXT_RESULTS;
export type ContextResult = (typeof CONTEXT_RESULTS)[CountedPart][number];

export class ContextCounts {
  readonly #counts = new Map<string, number>();

  note(part: CountedPart, result: ContextResult): void {
    this.#counts.set(`${part} ${result}`, this.of(part, result) + 1);
  }

  of(part: CountedPart, result: ContextResult): number {
    return this.#counts.get(`${part} ${result}`) ?? 0;
  }
}
