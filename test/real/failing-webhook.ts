/** The sidecar webhook of deploy/ with a defect. Whatever it is asked, it has none of its own that a review would bring out: this one comes from
 *  outside, by a module that its Node loads first. */
import { until } from './deadline.ts';
import { kubectlApply } from './kubectl-apply.ts';
import type { ControlPlane } from './parts/kubernetes.ts';
import { shellContainer } from './shell-container.ts';
import { overlayOf } from './shipped-manifests.ts';

const NAME = 'vigie-sidecar-webhook';
export const WEBHOOK_NAMESPACE = 'vigie-sidecar';
const TIMEOUT_MS = 300_000;

/** A patch cannot be written. */
const DEFECT = `
const { stringify } = JSON;
JSON.stringify = (value, ...rest) => {
  if (Array.isArray(value) && value[0]?.op !== undefined) throw new Error('a defect of the test');
  return stringify(value, ...rest);
};`;

/** @returns a folder for `kubectl apply -k` */
export function failingWebhookManifests(): string {
  const metadata = { name: NAME, namespace: WEBHOOK_NAMESPACE };
  const env = [{ name: 'NODE_OPTIONS', value: '--require=/etc/vigie/defect.cjs' }];
  const spec = { template: { spec: { containers: [{ name: 'webhook', env }] } } };
  return overlayOf('sidecar-webhook', {
    replicas: [{ name: NAME, count: 1 }],
    patches: [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'defect.cjs': DEFECT } },
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec },
    ].map((patch) => ({ patch: JSON.stringify(patch) })),
  });
}

/** A pod asks for a sidecar, until whoever made it is told that the webhook failed.
 *  @param namespace that opts in
 *  @param explain what is known when it does not fail */
export async function askFailingWebhook(plane: ControlPlane, namespace: string, explain: () => string): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'without-sidecar',
      annotations: { 'vigie.io/inject': 'stream', 'vigie.io/paths': 'app=/var/log/app/*.log' },
    },
    spec: { containers: [shellContainer('sleep 100000', { securityContext: { runAsUser: 1000 } })] },
  };
  await until(
    'the webhook to fail at a review',
    TIMEOUT_MS,
    async () => {
      const { stderr } = await kubectlApply(plane, namespace, pod, '--dry-run=server');
      return stderr.includes('no log sidecar: internal error') || undefined;
    },
    explain,
  );
}
