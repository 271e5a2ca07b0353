/** Puts the parts of troubled-vigie.ts and failing-webhook.ts into a cluster, and lets happen what goes wrong only while they run. */
import { until } from './deadline.ts';
import { askFailingWebhook, failingWebhookManifests, WEBHOOK_NAMESPACE } from './failing-webhook.ts';
import { haRights } from './ha-rights.ts';
import { kubectlApply } from './kubectl-apply.ts';
import type { ControlPlane } from './parts/kubernetes.ts';
import {
  COLLECTOR_FILE,
  CUT_LOG,
  differingReplicas,
  type Surroundings,
  smallMachineScrape,
  spender,
  TROUBLED,
  troubledAgent,
  troubledAlerting,
  troubledCollector,
} from './troubled-vigie.ts';

const TIMEOUT_MS = 300_000;

/** @param explain what is known when the agent gets no address */
export async function applyTroubled(plane: ControlPlane, around: Surroundings, explain: () => string): Promise<void> {
  plane.kubectl(['create', 'namespace', TROUBLED]);
  plane.kubectl(['label', 'namespace', TROUBLED, 'vigie.io/injection=enabled']);
  plane.kubectl(['apply', '-k', failingWebhookManifests()]);
  await kubectlApply(plane, TROUBLED, troubledAgent(around));
  await kubectlApply(plane, TROUBLED, troubledCollector(around));
  await kubectlApply(plane, TROUBLED, troubledAlerting(around));
  for (const object of [...haRights(TROUBLED), ...differingReplicas(around)])
    await kubectlApply(plane, TROUBLED, object);
  const asked = ['-n', TROUBLED, 'get', 'pod', 'agent', '-o', 'jsonpath={.status.podIP}'];
  const agent = await until('an address of the agent', TIMEOUT_MS, () => plane.kubectl(asked) || undefined, explain);
  await kubectlApply(plane, TROUBLED, smallMachineScrape(agent));
}

/** PromQL that has so many series when each of them has been seen as it was: what counts is not noticed from its first value. */
export const SEEN_TROUBLED = `
  max_over_time(up{namespace=~"${TROUBLED}|${WEBHOOK_NAMESPACE}"}[15m]) == 1
  or
  increase(vigie_remote_storage_samples_dropped_total{namespace="${TROUBLED}", reason="http_400"}[15m]) > 0`;
export const SEEN_TROUBLED_SERIES = 7;

/** A log is cut off before it is read, a configuration gets a mistake, a disk is used up, and the webhook is asked.
 *  @param explain what is known when the webhook does not fail */
export async function harmTroubled(plane: ControlPlane, explain: () => string): Promise<void> {
  const within = (pod: string, container: string, script: string): string =>
    plane.kubectl(['-n', TROUBLED, 'exec', pod, '-c', container, '--', 'sh', '-c', script]);
  within('agent', 'app', `: >${CUT_LOG}`);
  within('collector', 'vigie', `echo 'listen: [' >${COLLECTOR_FILE}; kill -HUP 1`);
  await kubectlApply(plane, TROUBLED, spender());
  await askFailingWebhook(plane, TROUBLED, explain);
}
