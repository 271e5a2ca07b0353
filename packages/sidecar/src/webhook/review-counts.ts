/** How many reviews ended in which way, since the start. */
import { REFUSAL_REASONS } from '../inject/refusal.ts';
import type { InternalError, RejectedReason } from './admission-listener.ts';
import type { Outcome } from './admission-review.ts';

type Result = (Outcome | InternalError)['result'];

/** Each stands at 0 from the start: Prometheus takes no notice of the first value of a series. */
const REASONS: Readonly<Record<Result, readonly string[]>> = {
  injected: ['stream', 'ship'],
  refused: REFUSAL_REASONS,
  warned: REFUSAL_REASONS,
  unchanged: ['not_asked', 'already_injected', 'template', 'other_request'],
  error: ['internal'],
};

export class ReviewCounts {
  readonly #reviews = new Map<string, { readonly result: string; readonly reason: string; count: number }>();
  readonly #rejected = new Map<RejectedReason, number>();

  constructor() {
    for (const [result, reasons] of Object.entries(REASONS)) {
      for (const reason of reasons) this.#reviews.set(`${result} ${reason}`, { result, reason, count: 0 });
    }
  }

  reviewed({ result, reason }: Outcome | InternalError): void {
    const row = this.#reviews.get(`${result} ${reason}`);
    if (row !== undefined) row.count++;
  }

  rejected(reason: RejectedReason): void {
    this.#rejected.set(reason, this.rejectedFor(reason) + 1);
  }

  rejectedFor(reason: RejectedReason): number {
    return this.#rejected.get(reason) ?? 0;
  }

  report(tell: (result: string, reason: string, count: number) => void): void {
    for (const { result, reason, count } of this.#reviews.values()) tell(result, reason, count);
  }
}
