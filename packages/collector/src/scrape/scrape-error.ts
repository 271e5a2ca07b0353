/** Why a scrape failed, as a metric's label has it. */
import { errorCode, VigieError } from '@vigie/core/errors';

export const SCRAPE_FAILURES = [
  'connection',
  'timeout',
  'http_status',
  'body_size_limit',
  'content_type',
  'malformed',
  'sample_limit',
  'bucket_limit',
  'label_limit',
  'target_limit',
] as const;

export type ScrapeFailure = (typeof SCRAPE_FAILURES)[number];

/** The message is what /api/v1/targets shows, in Prometheus' words. `code` is SCRAPE_FAILED. */
export class ScrapeError extends VigieError {
  readonly failure: ScrapeFailure;

  constructor(failure: ScrapeFailure, message: string, options?: ErrorOptions) {
    super('SCRAPE_FAILED', message, options);
    this.failure = failure;
  }
}

/** Of what reading an exposition throws. */
export function failureOf(error: unknown): ScrapeFailure {
  if (error instanceof ScrapeError) return error.failure;
  return errorCode(error) === 'EXPOSITION_CONTENT_TYPE' ? 'content_type' : 'malformed';
}
