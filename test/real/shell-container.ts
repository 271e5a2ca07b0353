/** A container of busybox, which every node of these tests has. */
import { BUSYBOX_IMAGE } from './parts/kubernetes-node.ts';

/** @param script what it does
 *  @param more of the container's fields */
export function shellContainer(script: string, more: object = {}): object {
  return {
    name: 'app',
    image: BUSYBOX_IMAGE,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', script],
    ...more,
  };
}
