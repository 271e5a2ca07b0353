/** `vigie alert end`: says that alerts are over of which nobody else will ever say so. */
import { decodeEnded } from '@vigie/alerting/client/answers';
import { matchersOfArguments } from '@vigie/alerting/client/matcher-arguments';
import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import type { Terminal } from '../query/run-query.ts';
import { printable } from '../terminal/text-width.ts';
import { type AlertsClient, askAlerts } from './alerts-api.ts';
import { labelsText } from './output.ts';

export interface EndRequest {
  readonly matchers: readonly string[];
  /** Key of a group; undefined: of any. */
  readonly group: string | undefined;
  readonly createdBy: string;
  readonly comment: string;
}

/** Prints the labels of each alert.
 *  @returns 1 where there is none
 *  @throws {VigieError} CONFIG_INVALID, or as askAlerts */
export async function endAlerts(
  { matchers, group: groupKey, createdBy, comment }: EndRequest,
  client: AlertsClient,
  { stdout, stderr }: Pick<Terminal, 'stdout' | 'stderr'>,
): Promise<ExitCode> {
  if (matchers.length === 0 && groupKey === undefined)
    throw new VigieError('CONFIG_INVALID', 'no matchers: say which alerts, such as instance=db-3');
  const filter = matchersOfArguments(matchers).map(String);
  const json = JSON.stringify({ filter, createdBy, comment, groupKey });
  const request = { path: '/escalation/end', parameters: new URLSearchParams(), method: 'POST', json } as const;
  const ended = await askAlerts(client, request, decodeEnded);
  if (ended === undefined) {
    stderr.write(`vigie: no such alert fires, or ${client.server.url} is no Vigie\n`);
    return 1;
  }
  stdout.write(ended.map((labels) => `${printable(labelsText(labels))}\n`).join(''));
  return 0;
}
