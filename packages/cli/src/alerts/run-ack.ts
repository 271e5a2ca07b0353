/** `vigie alert ack`: says that somebody is on it. */
import { decodeAcknowledged } from '@vigie/alerting/client/answers';
import { matchersOfArguments } from '@vigie/alerting/client/matcher-arguments';
import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import type { Terminal } from '../query/run-query.ts';
import { printable } from '../terminal/text-width.ts';
import { type AlertsClient, askAlerts } from './alerts-api.ts';

export interface AckRequest {
  readonly matchers: readonly string[];
  /** Key of a group; undefined: of any. */
  readonly group: string | undefined;
  readonly createdBy: string;
  readonly comment: string;
  /** Unix ms; undefined: until another alert joins the group. */
  readonly endsAtMs: number | undefined;
  /** Opens them again instead. */
  readonly withdraw: boolean;
}

/** Prints the receiver and key of each group.
 *  @returns 1 where there is none
 *  @throws {VigieError} CONFIG_INVALID, or as askAlerts */
export async function acknowledgeAlerts(
  { matchers, group, createdBy, comment, endsAtMs, withdraw }: AckRequest,
  client: AlertsClient,
  { stdout, stderr }: Pick<Terminal, 'stdout' | 'stderr'>,
): Promise<ExitCode> {
  if (matchers.length === 0 && group === undefined)
    throw new VigieError('CONFIG_INVALID', 'no matchers: say which alerts, such as alertname=HighLatency');
  const json = JSON.stringify({
    filter: matchersOfArguments(matchers).map(String),
    createdBy,
    comment,
    ...(group === undefined ? {} : { groupKey: group }),
    ...(endsAtMs === undefined ? {} : { endsAt: new Date(endsAtMs).toISOString() }),
  });
  const path = withdraw ? '/escalation/unack' : '/escalation/ack';
  const request = { path, parameters: new URLSearchParams(), method: 'POST', json } as const;
  const pages = await askAlerts(client, request, decodeAcknowledged);
  if (pages === undefined) {
    const what = withdraw ? 'no such group is acknowledged' : 'no group in which such an alert fires';
    stderr.write(`vigie: ${what}, or ${client.server.url} is no Vigie\n`);
    return 1;
  }
  stdout.write(pages.map(({ receiver, groupKey }) => `${printable(receiver)}  ${printable(groupKey)}\n`).join(''));
  return 0;
}
