/** The name of a replica, as it stands in names and labels of its objects. */
import { hostname } from 'node:os';
import type { HaConfig } from './ha-section.ts';

/** Of a label's value. */
const MAX_LENGTH = 63;

/** @param env POD_NAME, where the configuration names none */
export function replicaName(
  { replica }: Pick<HaConfig, 'replica'>,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return replica ?? nameOf(env.POD_NAME || hostname());
}

/** Of a long one the end tells it from others. */
function nameOf(pod: string): string {
  return pod
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(-MAX_LENGTH)
    .replace(/^-+|-+$/g, '');
}
