/** `vigie alert list`. Source of options and columns: Alertmanager, cli/alert_query.go and cli/format. */
import { decodeListedAlerts, type ListedAlert } from '@vigie/alerting/client/answers';
import { matchersOfArguments } from '@vigie/alerting/client/matcher-arguments';
import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import type { Terminal } from '../query/run-query.ts';
import { paintFor, plain } from '../terminal/style.ts';
import { type AlertsClient, askAlerts } from './alerts-api.ts';
import { compareTimes, dateText, labelsText, type OutputFormat } from './output.ts';
import { textTable } from './table.ts';

export const ALERT_STATES = ['active', 'silenced', 'inhibited', 'unprocessed'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

export interface AlertListRequest {
  readonly matchers: readonly string[];
  /** Which of them; none is active alone. */
  readonly states: readonly AlertState[];
  /** Regular expression. */
  readonly receiver: string | undefined;
  readonly output: OutputFormat;
}

/** @throws {VigieError} CONFIG_INVALID, or as askAlerts */
export async function listAlerts(
  { matchers, states, receiver, output }: AlertListRequest,
  client: AlertsClient,
  { stdout, env }: Terminal,
): Promise<ExitCode> {
  const shown: readonly AlertState[] = states.length === 0 ? ['active'] : states;
  const parameters = new URLSearchParams();
  for (const state of ALERT_STATES) parameters.set(state, String(shown.includes(state)));
  if (receiver !== undefined) parameters.set('receiver', receiver);
  for (const matcher of matchersOfArguments(matchers)) parameters.append('filter', String(matcher));
  const request = { path: '/api/v2/alerts', parameters, method: 'GET' } as const;
  const alerts = await askAlerts(client, request, decodeListedAlerts);
  if (alerts === undefined) throw new VigieError('ALERTS_REFUSED', `${client.server.url} has no API of alerts`);
  const sorted = alerts.toSorted((a, b) => compareTimes(a.startsAt, b.startsAt));
  const paint = stdout.isTTY === true ? paintFor(env) : plain;
  const lines =
    output === 'json' ? [JSON.stringify(sorted)] : textTable(HEADS[output], sorted.map(CELLS[output]), paint);
  stdout.write(lines.map((line) => `${line}\n`).join(''));
  return 0;
}

const HEADS = {
  simple: ['Alertname', 'Starts At', 'Summary', 'State'],
  extended: ['Labels', 'Annotations', 'Starts At', 'Ends At', 'Generator URL', 'State'],
} as const;

const CELLS = {
  simple: ({ labels, annotations, startsAt, status }: ListedAlert) => [
    labels.alertname ?? '',
    dateText(startsAt),
    annotations.summary ?? '',
    status.state,
  ],
  extended: ({ labels, annotations, startsAt, endsAt, generatorURL, status }: ListedAlert) => [
    labelsText(labels),
    labelsText(annotations),
    dateText(startsAt),
    dateText(endsAt),
    generatorURL,
    status.state,
  ],
} as const;
