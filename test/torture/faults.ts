import type { Random } from './random.ts';

/** What the sink is like for a while. `down` never takes anything; all others let everything through in the end. */
export type FaultProfile = 'well' | 'flaky' | 'busy' | 'refusing' | 'broken' | 'slow' | 'down' | 'forbidden';

/** What happens to one bulk request. */
export type Fault =
  | { readonly kind: 'none' }
  /** A part of the items answers with this status and is not stored. */
  | { readonly kind: 'items'; readonly status: 429 | 503; readonly share: number }
  | {
      readonly kind: 'status';
      readonly status: 401 | 403 | 429 | 500 | 502 | 503 | 504;
      readonly retryAfter: string | undefined;
    }
  /** 413 to every body of more than one record. */
  | { readonly kind: 'too_large' }
  /** 400 to every body that holds a document that the sink refuses. */
  | { readonly kind: 'refuse_body' }
  /** The connection is reset: before the body is read, in its middle, after storing (all of it, half of it),
   *  or in the middle of the answer. */
  | { readonly kind: 'reset'; readonly at: ResetMoment }
  /** Nothing for a while, then the answer, or a reset with or without having stored. */
  | { readonly kind: 'stall'; readonly ms: number; readonly ending: 'answer' | 'reset' | 'stored_reset' };

type ResetMoment = 'headers' | 'body' | 'stored' | 'half_stored' | 'answer';

type Kind = 'none' | 'items' | 'busy' | 'unavailable' | 'too_large' | 'refuse_body' | 'reset' | 'stall' | 'forbidden';

const WEIGHTS: Readonly<Record<FaultProfile, Partial<Record<Kind, number>>>> = {
  well: { none: 1 },
  flaky: { none: 6, items: 3, busy: 1, unavailable: 1, too_large: 1, refuse_body: 1, reset: 3, stall: 1 },
  busy: { none: 3, items: 4, busy: 3 },
  refusing: { none: 3, too_large: 3, refuse_body: 3, items: 1 },
  broken: { none: 1, reset: 2 },
  slow: { none: 1, stall: 2 },
  down: { unavailable: 3, busy: 1, reset: 1 },
  forbidden: { none: 1, forbidden: 3 },
};

export function drawFault(random: Random, profile: FaultProfile): Fault {
  const kind = random.weighted<Kind>(WEIGHTS[profile]);
  switch (kind) {
    case 'none':
    case 'too_large':
    case 'refuse_body':
      return { kind };
    case 'items':
      return { kind: 'items', status: random.chance(0.8) ? 429 : 503, share: random.pick([0.05, 0.5, 1]) };
    case 'busy':
      return { kind: 'status', status: 429, retryAfter: random.chance(0.2) ? '0' : undefined };
    case 'unavailable':
      return {
        kind: 'status',
        status: random.pick([500, 502, 503, 504]),
        retryAfter: random.chance(0.1) ? '0' : undefined,
      };
    case 'forbidden':
      return { kind: 'status', status: random.pick([401, 403]), retryAfter: undefined };
    case 'reset': {
      const moments: readonly [ResetMoment, ...ResetMoment[]] =
        profile === 'down' ? ['headers', 'body'] : ['headers', 'body', 'stored', 'half_stored', 'answer'];
      return { kind: 'reset', at: random.pick(moments) };
    }
    case 'stall':
      return { kind: 'stall', ms: random.int(10, 250), ending: random.pick(['answer', 'reset', 'stored_reset']) };
  }
}
