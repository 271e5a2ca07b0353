/** Asks a running agent for the records that pass a component, and writes them out as they come. */
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { finished, pipeline } from 'node:stream/promises';
import { errorCode, VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';

export interface TapRequest {
  readonly component: string;
  readonly url: string;
  readonly tokenFile?: string;
  readonly limit?: string;
  readonly rate?: string;
}

/** An agent's answer to a request that it refuses is short. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/** Ends with the agent's answer, or when nobody reads on.
 *  @throws {VigieError} TAP_REFUSED with what the agent says, TAP_UNREACHABLE */
export async function showTap(request: TapRequest, out: NodeJS.WritableStream, version: string): Promise<ExitCode> {
  const response = await openTap(request, version);
  try {
    await pipeline(response, out, { end: false });
  } catch (error) {
    // The reader has seen enough, as `head` has.
    if (errorCode(error) === 'EPIPE') return 0;
    throw new VigieError('TAP_BROKEN', 'the agent went away', { cause: error });
  }
  return 0;
}

/** `vigie up` has the agent below /agent, an agent of its own at the root. */
async function openTap(request: TapRequest, version: string): Promise<http.IncomingMessage> {
  const base = urlOf(request.url);
  let refusal = '';
  for (const prefix of ['/agent', '']) {
    const url = new URL(`${base.pathname.replace(/\/$/, '')}${prefix}/tap`, base);
    url.searchParams.set('component', request.component);
    if (request.limit !== undefined) url.searchParams.set('limit', request.limit);
    if (request.rate !== undefined) url.searchParams.set('rate', request.rate);
    const response = await get(url, request, version);
    if (response.statusCode === 200) return response;
    refusal = `${response.statusCode} ${await refusalOf(response)}`;
    if (response.statusCode !== 404) break;
  }
  throw new VigieError('TAP_REFUSED', `${base.origin} answers ${refusal}`);
}

function urlOf(written: string): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new VigieError('CONFIG_INVALID', `--url: expected a URL with http or https, got ${written}`);
}

function get(url: URL, { tokenFile }: TapRequest, version: string): Promise<http.IncomingMessage> {
  const headers: http.OutgoingHttpHeaders = { 'user-agent': `vigie/${version} tap` };
  if (tokenFile !== undefined) headers.authorization = `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`;
  const request = url.protocol === 'https:' ? https.get : http.get;
  return new Promise((resolve, reject) => {
    request(url, { headers }, resolve).on('error', (cause) => {
      reject(new VigieError('TAP_UNREACHABLE', `no agent answers at ${url.origin}`, { cause }));
    });
  });
}

/** `{"error": "…"}`, or the beginning of what somebody else answers. */
async function refusalOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_REFUSAL_BYTES) chunks.push(chunk);
  });
  await finished(response);
  const text = Buffer.concat(chunks).toString();
  try {
    const answer: unknown = JSON.parse(text);
    const error: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'error') : undefined;
    return typeof error === 'string' ? error : text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}
