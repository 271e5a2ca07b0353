/** `vigie alert diff`: what another alertmanager.yml would make of the alerts that there were. */
import { decodeCreatedAlerts } from '@vigie/alerting/client/answers';
import { loadAlertmanagerConfig } from '@vigie/alerting/config/load-config';
import { type RouteChange, routeChanges } from '@vigie/alerting/explain/route-changes';
import { reportBadConfig } from '@vigie/core/config/bad-config';
import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Terminal } from '../query/run-query.ts';
import { printable } from '../terminal/text-width.ts';
import { type AlertsClient, askAlerts } from './alerts-api.ts';
import { labelsText } from './output.ts';

export interface AlertDiffRequest {
  /** alertmanager.yml, as it is and as it is to be. */
  readonly before: string;
  readonly after: string;
  /** Unix ms. */
  readonly fromMs: number;
}

const PAGE = 1000;

/** @returns 2 where a configuration is bad or cannot be read
 *  @throws {VigieError} as askAlerts */
export async function diffAlerts(
  { before, after, fromMs }: AlertDiffRequest,
  client: AlertsClient,
  { stdout }: Pick<Terminal, 'stdout'>,
): Promise<ExitCode> {
  let configs: readonly [Parameters<typeof routeChanges>[0], Parameters<typeof routeChanges>[1]];
  try {
    configs = [await loadAlertmanagerConfig(before), await loadAlertmanagerConfig(after)];
  } catch (error) {
    return reportBadConfig(error);
  }
  const alerts = await alertsSince(fromMs, client);
  stdout.write(textOf(routeChanges(...configs, alerts), alerts.length));
  return 0;
}

/** Each set of labels once. */
async function alertsSince(fromMs: number, client: AlertsClient): Promise<readonly LabelSet[]> {
  const alerts = new Map<string, LabelSet>();
  for (let token: string | undefined = ''; token !== undefined; ) {
    const from = new Date(fromMs).toISOString();
    const parameters = new URLSearchParams({ kind: 'created', from, limit: String(PAGE) });
    if (token !== '') parameters.set('next_token', token);
    const page: ReturnType<typeof decodeCreatedAlerts> = await askAlerts(
      client,
      { path: '/history', parameters, method: 'GET' },
      decodeCreatedAlerts,
    );
    if (page === undefined)
      throw new VigieError('ALERTS_REFUSED', `${client.server.url} has no history of alerts: it is no Vigie`);
    for (const labels of page.alerts.map((one) => LabelSet.of(one))) alerts.set(labels.key, labels);
    token = page.nextToken;
  }
  return [...alerts.values()];
}

function textOf(changes: readonly RouteChange[], alerts: number): string {
  const changed = changes.reduce((sum, change) => sum + change.alerts, 0);
  const lines = changes.flatMap(({ before, after, alerts: count, example }) => [
    `${count} ${count === 1 ? 'alert' : 'alerts'}: ${before} -> ${after}`,
    `  such as ${labelsText(example.toJSON())}`,
  ]);
  return [...lines, `${changed} of ${alerts} alerts are told otherwise`].map((line) => `${printable(line)}\n`).join('');
}
