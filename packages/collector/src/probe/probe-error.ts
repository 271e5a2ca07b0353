/** Why there is no probe at all: nothing is known of the target. */
import { VigieError } from '@vigie/core/errors';

export const PROBE_REFUSALS = ['no_modules', 'unknown_module', 'no_target', 'icmp', 'host_header', 'busy'] as const;

export type ProbeRefusal = (typeof PROBE_REFUSALS)[number];

/** `code` is PROBE_REFUSED. */
export class ProbeError extends VigieError {
  readonly refusal: ProbeRefusal;

  constructor(refusal: ProbeRefusal, message: string) {
    super('PROBE_REFUSED', message);
    this.refusal = refusal;
  }
}
