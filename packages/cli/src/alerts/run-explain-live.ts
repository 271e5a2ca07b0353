/** `vigie alert explain` without a file: by what a server has now. */
import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import type { Terminal } from '../query/run-query.ts';
import { printable } from '../terminal/text-width.ts';
import { type AlertsClient, askText, foreignAnswer } from './alerts-api.ts';

export interface LiveExplainRequest {
  /** `NAME=VALUE` each. */
  readonly labels: readonly string[];
  /** Unix ms; undefined: the server's now. */
  readonly timeMs: number | undefined;
}

/** @throws {VigieError} as askAlerts */
export async function explainLive(
  { labels, timeMs }: LiveExplainRequest,
  client: AlertsClient,
  { stdout }: Pick<Terminal, 'stdout'>,
): Promise<ExitCode> {
  const parameters = new URLSearchParams({ format: 'text' });
  for (const label of labels) parameters.append('label', label);
  if (timeMs !== undefined) parameters.set('time', new Date(timeMs).toISOString());
  const answer = await askText(client, { path: '/explain', parameters, method: 'GET' });
  if (answer === undefined)
    throw new VigieError('ALERTS_REFUSED', `${client.server.url} explains no alerts: it is no Vigie`);
  if (answer.contentType !== 'text/plain') throw foreignAnswer(answer);
  stdout.write(answer.text.split('\n').map(printable).join('\n'));
  return 0;
}
