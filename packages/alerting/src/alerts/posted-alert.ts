/** An alert as a client of the API has sent it, with what the API has added. */
import type { Alert } from '../dispatch/alert.ts';

export interface PostedAlert extends Alert {
  /** Whether its end is not the client's, but the time from which on it counts as resolved unless it comes again. */
  readonly hasTimeout: boolean;
}
