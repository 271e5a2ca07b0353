import { sha256 } from '@vigie/core/sha256';
import type { Generation } from '../tail/generation.ts';

/** Where a file without the kubelet's path is. */
export interface IdPlace {
  readonly nodeName: string | undefined;
  /** Of the one pod whose files are read: its volume is at the same path in others of the node. */
  readonly podUid: string | undefined;
}

/** Names a generation for good: X and X.gz share it, it survives the loss of the checkpoint, and it does not
 *  change as the file grows, nor by what becomes known of the pod. 132 bits of SHA-256 as 22 url-safe characters. */
export function idPrefix(
  { nodeName, podUid }: IdPlace,
  { log: { key, pod }, head }: Pick<Generation, 'head'> & { readonly log: Pick<Generation['log'], 'key' | 'pod'> },
): string {
  const owner =
    pod === undefined ? [podUid ?? nodeName ?? '', key] : [pod.podUid, pod.containerName, String(pod.restartCount)];
  const name = [...owner, head?.hash ?? ''].join('\0');
  return sha256(Buffer.from(name)).toString('base64url').slice(0, 22);
}
