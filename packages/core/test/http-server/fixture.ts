import * as http from 'node:http';
import * as https from 'node:https';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { HttpListener, type ListenerOptions } from '../../src/http-server/listener.ts';
import type { Mount } from '../../src/http-server/mount.ts';
import type { Route } from '../../src/http-server/routes.ts';
import { createLog } from '../../src/log.ts';

export const pem = (name: string): string => fileURLToPath(new URL(`../../testdata/tls/${name}`, import.meta.url));

export interface Served {
  readonly listener: HttpListener;
  readonly port: number;
  /** What it printed. */
  readonly printed: string[];
  readonly logged: Record<string, unknown>[];
}

/** A listener on a free port, closed after the test. */
export async function serve(
  routes: readonly Route[],
  options: Partial<ListenerOptions> = {},
  clock: Clock = systemClock,
  mounts: readonly Mount[] = [],
): Promise<Served> {
  const printed: string[] = [];
  const logged: Record<string, unknown>[] = [];
  const log = createLog('debug', { write: (line) => logged.push(JSON.parse(line)) });
  const address = { host: '127.0.0.1', port: 0 };
  const deps = { clock, log, print: (line: string) => printed.push(line) };
  const listener = new HttpListener(
    { name: 'http', address, auth: { type: 'none' }, ...options },
    routes,
    deps,
    mounts,
  );
  await listener.start();
  onTestFinished(() => listener.close({ graceMs: 0 }));
  return { listener, port: listener.address.port, printed, logged };
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One request on a connection of its own. */
export function ask(
  port: number,
  path: string,
  options: https.RequestOptions & { readonly body?: string | Uint8Array; readonly tls?: boolean } = {},
): Promise<Answer> {
  const { body, tls = false, ...requestOptions } = options;
  return new Promise((resolve, reject) => {
    const request = (tls ? https : http).request(
      { host: '127.0.0.1', port, path, agent: false, ...requestOptions },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString() });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
