/** `ha` of alerting.yaml: several replicas that share the work. */
import { filePath, parsed, section, text } from '@vigie/core/config/fields';
import * as v from 'valibot';

export interface HaConfig {
  /** Of what the replicas have in common: their Leases and ConfigMaps begin with it. */
  readonly name: string;
  /** undefined: of the pod, or of the kubeconfig. */
  readonly namespace: string | undefined;
  /** Of this replica; undefined: POD_NAME, or else the name of the machine. */
  readonly replica: string | undefined;
  /** The work is shared in so many parts. */
  readonly shards: number;
  /** undefined: as kubectl finds it, and in a pod its ServiceAccount. */
  readonly kubeconfig: string | undefined;
}

/** Of names that others are made of. */
const MAX_NAME_LENGTH = 63;

const name = parsed('a name of lower-case letters, digits and dashes, of at most 63 characters', (written) =>
  written.length <= MAX_NAME_LENGTH && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(written) ? written : undefined,
);

/** Of Leases, one for each. */
const MAX_SHARDS = 64;

const shards = parsed(`a whole number, from 1 to ${MAX_SHARDS}`, (written) => {
  const count = Number(written);
  return /^\d+$/.test(written) && count >= 1 && count <= MAX_SHARDS ? count : undefined;
});

export const haSection = section({
  type: v.literal('kubernetes', 'kubernetes'),
  name: v.nullish(name, 'vigie-alerting'),
  namespace: v.nullish(text()),
  replica: v.nullish(name),
  // A replica more or less moves an eighth of the work at a time.
  shards: v.nullish(shards, 8),
  kubeconfig: v.nullish(filePath()),
});

export function readHa(written: v.InferOutput<typeof haSection> | null | undefined): HaConfig | undefined {
  if (written == null) return undefined;
  const { name, shards, namespace, replica, kubeconfig } = written;
  return {
    name,
    shards,
    namespace: namespace ?? undefined,
    replica: replica ?? undefined,
    kubeconfig: kubeconfig ?? undefined,
  };
}
