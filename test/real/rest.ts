/** The few REST calls the suites make themselves, on node:http(s) because fetch cannot be given a CA or a client certificate. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface Endpoint {
  /** Base URL without a slash at its end. */
  readonly url: string;
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
  readonly basic?: { readonly user: string; readonly password: string };
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The parsed body if it is JSON, else its text. */
  readonly body: unknown;
}

/** No keep-alive: a server that is killed and started again on the same port must not be met through an old connection. */
const httpAgent = new HttpAgent({ keepAlive: false });
const httpsAgent = new HttpsAgent({ keepAlive: false });

/** One request. Any status is an answer; only a broken connection or a passed deadline throws.
 *  @param body an object goes out as JSON, a string as NDJSON */
export function rest(
  endpoint: Endpoint,
  method: string,
  path: string,
  body?: object | string,
  timeoutMs = 60_000,
): Promise<RestAnswer> {
  const url = new URL(endpoint.url + path);
  const secure = url.protocol === 'https:';
  const payload = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const headers: Record<string, string | number> = {};
  if (payload) {
    headers['content-type'] = typeof body === 'string' ? 'application/x-ndjson' : 'application/json';
    headers['content-length'] = payload.length;
  }
  if (endpoint.basic) {
    headers.authorization = `Basic ${Buffer.from(`${endpoint.basic.user}:${endpoint.basic.password}`).toString('base64')}`;
  }
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method,
      headers,
      agent: secure ? httpsAgent : httpAgent,
      signal: AbortSignal.timeout(timeoutMs),
      ...endpoint.tls,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const isJson = response.headers['content-type']?.includes('json') && text !== '';
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: isJson ? (JSON.parse(text) as unknown) : text,
        });
      });
    });
    request.end(payload);
  });
}

/** One request that must succeed.
 *  @returns the body
 *  @throws {Error} with the server's answer on any status but 2xx */
export async function ask(
  endpoint: Endpoint,
  method: string,
  path: string,
  body?: object | string,
  timeoutMs?: number,
): Promise<unknown> {
  const answer = await rest(endpoint, method, path, body, timeoutMs);
  if (answer.status < 200 || answer.status > 299) {
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 2000)}`);
  }
  return answer.body;
}

/** The value below `path` in a parsed JSON document, undefined where a step leads nowhere. */
export function at(document: unknown, ...path: readonly (string | number)[]): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** @throws {Error} when there is no number below `path` */
export function numberAt(document: unknown, ...path: readonly (string | number)[]): number {
  const value = at(document, ...path);
  if (typeof value !== 'number')
    throw new Error(`no number at ${path.join('.')} in ${JSON.stringify(document).slice(0, 500)}`);
  return value;
}

/** @throws {Error} when there is no string below `path` */
export function stringAt(document: unknown, ...path: readonly (string | number)[]): string {
  const value = at(document, ...path);
  if (typeof value !== 'string')
    throw new Error(`no string at ${path.join('.')} in ${JSON.stringify(document).slice(0, 500)}`);
  return value;
}

/** @throws {Error} when there is no array below `path` */
export function arrayAt(document: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = at(document, ...path);
  if (!Array.isArray(value))
    throw new Error(`no array at ${path.join('.')} in ${JSON.stringify(document).slice(0, 500)}`);
  return value;
}
