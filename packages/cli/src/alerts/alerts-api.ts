/** Requests of `vigie alert` and `vigie silence` to Alertmanager's API. */
import { VigieError } from '@vigie/core/errors';
import {
  type ApiRequest,
  type ApiServer,
  openAnswer,
  parseJson,
  readRefusal,
  readText,
  tokenHint,
} from '../api-client/open-answer.ts';
import { printable } from '../terminal/text-width.ts';

/** `vigie up` has alerting below /alertmanager, Alertmanager at the root. */
const PREFIXES = ['/alertmanager', ''] as const;
/** Some 200,000 alerts. */
const MAX_ANSWER_BYTES = 256 * 1024 ** 2;

export interface AlertsClient {
  readonly server: ApiServer;
  readonly version: string;
}

export type AlertsRequest = Pick<ApiRequest, 'path' | 'parameters' | 'method'> & { readonly json?: string };

/** @returns the body, decoded; undefined where there is no such path or thing
 *  @throws {VigieError} CONFIG_INVALID, API_UNREACHABLE, ALERTS_REFUSED with what the server says */
export async function askAlerts<T>(
  client: AlertsClient,
  request: AlertsRequest,
  decode: (json: unknown) => T | undefined,
): Promise<T | undefined> {
  const answer = await askText(client, request);
  if (answer === undefined) return undefined;
  const decoded = decode(parseJson(answer.text));
  if (decoded !== undefined) return decoded;
  throw foreignAnswer(answer);
}

/** Of somebody who answers all the same. */
export function foreignAnswer({ origin }: Pick<TextAnswer, 'origin'>): VigieError {
  return new VigieError('ALERTS_REFUSED', `${origin} does not answer as Alertmanager does: is --url right?`);
}

export interface TextAnswer {
  readonly text: string;
  /** Without parameters: `text/plain`; '' where nobody says. */
  readonly contentType: string;
  readonly origin: string;
}

/** As askAlerts, of the body as it is. */
export async function askText(
  { server, version }: AlertsClient,
  request: AlertsRequest,
): Promise<TextAnswer | undefined> {
  const { response, origin } = await openAnswer(server, PREFIXES, {
    ...request,
    kind: 'server',
    userAgent: `vigie/${version} alerts`,
  });
  const { statusCode } = response;
  if (statusCode === 404) {
    response.resume();
    return undefined;
  }
  if (statusCode !== 200) {
    const said = printable(await readRefusal(response, messageOf)).trim();
    const hint = tokenHint(statusCode);
    const why = hint === undefined ? said : `${said}: ${hint}`;
    throw new VigieError('ALERTS_REFUSED', `${origin} answers ${statusCode} ${why}`);
  }
  const text = await readText(response, MAX_ANSWER_BYTES);
  const [contentType = ''] = (response.headers['content-type'] ?? '').split(';');
  if (text !== undefined) return { text, contentType: contentType.trim(), origin };
  throw new VigieError('ALERTS_REFUSED', `${origin} answers more than ${MAX_ANSWER_BYTES} bytes`);
}

/** A text, `{"message": …}`, or of what is Vigie's own `{"error": …}`. */
function messageOf(answer: unknown): string | undefined {
  if (typeof answer === 'string') return answer;
  if (typeof answer !== 'object' || answer === null) return undefined;
  const message: unknown = Reflect.get(answer, 'message') ?? Reflect.get(answer, 'error');
  return typeof message === 'string' ? message : undefined;
}
