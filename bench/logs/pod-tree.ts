/** A tree shaped as the kubelet leaves it: /var/log/pods with the files, /var/log/containers with links to them. */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface ContainerPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
  readonly containerId: string;
}

/** Facts of the n-th container, the same on every machine. */
export function containerPlace(n: number): ContainerPlace {
  const hex = (value: number, digits: number) =>
    (Math.imul(value + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(8).slice(0, digits);
  return {
    namespace: ['shop', 'payments', 'search', 'platform'][n % 4]!,
    pod: `web-${hex(n, 10)}-${String(n).padStart(5, '0')}`,
    uid: `${hex(n, 8)}-6d1c-4f0e-9a57-${hex(n + 7, 12)}`,
    container: 'app',
    containerId: hex(n + 13, 64),
  };
}

/** Path of the running container's log below the tree's root. */
export function logPath(root: string, place: ContainerPlace): string {
  return join(root, 'pods', `${place.namespace}_${place.pod}_${place.uid}`, place.container, '0.log');
}

/** Makes the pod's folder and the link to its log, which need not exist yet.
 *  @returns the path of the log */
export function addContainer(root: string, place: ContainerPlace): string {
  const path = logPath(root, place);
  mkdirSync(join(path, '..'), { recursive: true });
  mkdirSync(join(root, 'containers'), { recursive: true });
  const link = join(root, 'containers', `${place.pod}_${place.namespace}_${place.container}-${place.containerId}.log`);
  rmSync(link, { force: true });
  symlinkSync(path, link);
  return path;
}
