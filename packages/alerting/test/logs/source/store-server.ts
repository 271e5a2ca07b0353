/** A server that answers as a log store does, or as it is told. */
import { createServer } from 'node:http';
import { systemClock } from '@vigie/core/clock';
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { HttpClient } from '@vigie/core/http-client/http-client';
import { onTestFinished } from 'vitest';

export interface Asked {
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface StoreServer {
  readonly url: URL;
  readonly asked: readonly Asked[];
  readonly deps: { readonly client: HttpClient; readonly clock: typeof systemClock; readonly timeoutMs: number };
}

/** @param answer a body; a number is a status without one, 0 no answer at all */
export async function storeServer(answer: (asked: Asked) => object | number): Promise<StoreServer> {
  const asked: Asked[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const one = { path: incoming.url ?? '', body: Buffer.concat(chunks).toString(), headers: incoming.headers };
      asked.push(one);
      const answered = answer(one);
      if (answered === 0) return;
      if (typeof answered === 'number') outgoing.writeHead(answered).end('{"reason":"so it is"}');
      else outgoing.end(JSON.stringify(answered));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new HttpClient(DEFAULT_HTTP_CLIENT, { clock: systemClock, env: {}, userAgent: 'vigie/test' });
  onTestFinished(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: new URL(`http://u:p@127.0.0.1:${port}/base/`),
    asked,
    deps: { client, clock: systemClock, timeoutMs: 5000 },
  };
}
