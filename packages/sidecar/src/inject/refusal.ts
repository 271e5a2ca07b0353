/** Why a pod that asks for a sidecar gets none. */

/** Bounded: they are labels of a metric. */
export const REFUSAL_REASONS = [
  'malformed_pod',
  'unknown_mode',
  'invalid_annotation',
  'paths_missing',
  'unknown_container',
  'unusable_path',
  'config_missing',
  'name_taken',
  'volume_taken',
  'port_taken',
  'user_unknown',
  'unusable_volume',
  'windows',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface Refusal {
  readonly reason: RefusalReason;
  /** For the person who wrote the pod: what is wrong, and what to do. */
  readonly message: string;
}
