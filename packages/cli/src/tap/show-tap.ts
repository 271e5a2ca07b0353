/** Asks a running agent for the records that pass a component, and writes them out as they come. */
import { pipeline } from 'node:stream/promises';
import { errorCode, VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import { type ApiServer, openAnswer, readRefusal } from '../api-client/open-answer.ts';

export interface TapRequest extends ApiServer {
  readonly component: string;
  readonly limit?: string;
  readonly rate?: string;
}

/** `vigie up` has the agent below /agent, an agent of its own at the root. */
const PREFIXES = ['/agent', ''] as const;

/** Ends with the agent's answer, or when nobody reads on.
 *  @throws {VigieError} TAP_REFUSED with what the agent says, API_UNREACHABLE */
export async function showTap(request: TapRequest, out: NodeJS.WritableStream, version: string): Promise<ExitCode> {
  const parameters = new URLSearchParams({ component: request.component });
  if (request.limit !== undefined) parameters.set('limit', request.limit);
  if (request.rate !== undefined) parameters.set('rate', request.rate);
  const { response, origin } = await openAnswer(request, PREFIXES, {
    kind: 'agent',
    path: '/tap',
    parameters,
    method: 'GET',
    userAgent: `vigie/${version} tap`,
  });
  if (response.statusCode !== 200) {
    const refusal = await readRefusal(response, errorOf);
    throw new VigieError('TAP_REFUSED', `${origin} answers ${response.statusCode} ${refusal}`);
  }
  try {
    await pipeline(response, out, { end: false });
  } catch (error) {
    // The reader has seen enough, as `head` has.
    if (errorCode(error) === 'EPIPE') return 0;
    throw new VigieError('TAP_BROKEN', 'the agent went away', { cause: error });
  }
  return 0;
}

/** `{"error": "…"}` */
function errorOf(answer: unknown): string | undefined {
  const error: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'error') : undefined;
  return typeof error === 'string' ? error : undefined;
}
