/** The certificate that a kubelet has signed by its cluster, to serve with: somebody has to approve it, as in real clusters. */
import { until } from '../deadline.ts';
import { arrayAt, at, stringAt } from '../rest.ts';
import type { ControlPlane } from './kubernetes.ts';

const SIGNER = 'kubernetes.io/kubelet-serving';
const TIMEOUT_MS = 60_000;

/** Resolves when it is signed.
 *  @param explain what is known when it is not */
export async function approveServingCertificate(plane: ControlPlane, explain: () => string): Promise<void> {
  await until(
    'the serving certificate of the kubelet',
    TIMEOUT_MS,
    () => {
      const all = arrayAt(JSON.parse(plane.kubectl(['get', 'certificatesigningrequests', '-o', 'json'])), 'items');
      const asked = all.filter((request) => at(request, 'spec', 'signerName') === SIGNER);
      for (const request of asked.filter((one) => at(one, 'status', 'conditions') === undefined))
        plane.kubectl(['certificate', 'approve', stringAt(request, 'metadata', 'name')]);
      return asked.some((request) => at(request, 'status', 'certificate') !== undefined) || undefined;
    },
    explain,
  );
}
