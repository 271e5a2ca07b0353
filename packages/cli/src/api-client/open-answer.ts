/** Requests of commands to what runs somewhere: `vigie up` has a part below a prefix, the part's own process at the root. */
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { formatDuration } from '@vigie/core/durations';
import { VigieError } from '@vigie/core/errors';
import { printable } from '../terminal/text-width.ts';

export interface ApiServer {
  /** As written by the user; user and password may stand in it. */
  readonly url: string;
  /** Holds a bearer token. */
  readonly tokenFile?: string | undefined;
}

export interface ApiRequest {
  /** What is asked, in messages: agent, server. */
  readonly kind: string;
  /** Below the prefix, `/tap`. */
  readonly path: string;
  readonly parameters: URLSearchParams;
  /** POST without JSON is a form, which holds parameters of any length. */
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The body of a POST. */
  readonly json?: string;
  readonly userAgent: string;
}

export interface OpenAnswer {
  readonly response: http.IncomingMessage;
  /** Without user and password. */
  readonly origin: string;
}

/** An error's text is short. */
const MAX_REFUSAL_BYTES = 64 * 1024;
/** Until an answer begins: more than queries may take at servers of metrics. */
const MAX_WAIT_MS = 180_000;

/** Asks below each prefix, until there is something.
 *  @returns the first answer that is not 404, else the last
 *  @throws {VigieError} CONFIG_INVALID for a URL that is none, API_UNREACHABLE, also where another URL is to be asked */
export async function openAnswer(
  server: ApiServer,
  prefixes: readonly [string, ...string[]],
  request: ApiRequest,
): Promise<OpenAnswer> {
  const base = urlOf(server.url);
  const [prefix, ...others] = prefixes;
  let response = await ask(base, prefix, server, request);
  for (const other of others) {
    if (response.statusCode !== 404) break;
    response.resume();
    response = await ask(base, other, server, request);
  }
  const { statusCode = 0, headers } = response;
  if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) return { response, origin: base.origin };
  response.resume();
  const to = printable(headers.location);
  throw new VigieError(
    'API_UNREACHABLE',
    `${base.origin} answers ${statusCode}, and leads to ${to}: --url has to name the API`,
  );
}

/** What may be wrong where a server says who may ask it; undefined where it says something else. */
export function tokenHint(statusCode: number | undefined): string | undefined {
  return statusCode === 401 || statusCode === 403 ? 'is --token-file right?' : undefined;
}

/** The whole body as text.
 *  @returns undefined when it is larger than maxBytes, which ends the connection
 *  @throws {VigieError} API_BROKEN, where it is cut off */
export async function readText(response: http.IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      if (!Buffer.isBuffer(chunk)) continue;
      bytes += chunk.length;
      // Leaving the loop destroys the stream.
      if (bytes > maxBytes) return undefined;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new VigieError('API_BROKEN', `the answer of the server was cut off after ${bytes} bytes`, { cause });
  }
  return Buffer.concat(chunks).toString();
}

/** What somebody says who refuses: the text of an error that the API knows, or how the body begins.
 *  @param errorOf finds the text of an error in the JSON that the API answers */
export async function readRefusal(
  response: http.IncomingMessage,
  errorOf: (answer: unknown) => string | undefined,
): Promise<string> {
  const text = (await readText(response, MAX_REFUSAL_BYTES)) ?? '';
  return errorOf(parseJson(text)) ?? text.slice(0, 200);
}

/** @returns undefined for what is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function urlOf(written: string): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new VigieError('CONFIG_INVALID', `--url: expected a URL with http or https, got ${written}`);
}

function ask(base: URL, prefix: string, server: ApiServer, request: ApiRequest): Promise<http.IncomingMessage> {
  const { kind, path, parameters, method, json, userAgent } = request;
  const url = new URL(`${base.pathname.replace(/\/$/, '')}${prefix}${path}`, base);
  const headers: http.OutgoingHttpHeaders = { 'user-agent': userAgent };
  if (server.tokenFile !== undefined) headers.authorization = `Bearer ${tokenOf(server.tokenFile)}`;
  const isForm = method === 'POST' && json === undefined;
  const body = isForm ? parameters.toString() : (json ?? '');
  if (isForm) headers['content-type'] = 'application/x-www-form-urlencoded';
  else url.search = parameters.toString();
  if (json !== undefined) headers['content-type'] = 'application/json';
  const send = url.protocol === 'https:' ? https.request : http.request;
  return new Promise((resolve, reject) => {
    const sent = send(url, { method, headers }, (response) => {
      // Once it has begun, it may take as long as it likes: a tap has nothing to say for hours.
      sent.setTimeout(0);
      resolve(response);
    }).on('error', (cause) => {
      reject(new VigieError('API_UNREACHABLE', `no ${kind} answers at ${base.origin}`, { cause }));
    });
    sent.setTimeout(MAX_WAIT_MS, () => sent.destroy(new Error(`nothing came within ${formatDuration(MAX_WAIT_MS)}`)));
    sent.end(body);
  });
}

function tokenOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new VigieError('CONFIG_INVALID', `--token-file: cannot read ${file}`, { cause });
  }
}
