/** Whoever is told: a server of the harness that notes when a group arrives. */
import { createServer, type Server } from 'node:http';

export interface WebhookSink {
  readonly url: string;
  /** When the first notification of a group came, performance.now(), by what `keyOf` finds in its body. */
  readonly arrivals: ReadonlyMap<string, number>;
  /** Of requests. */
  readonly received: () => number;
  close(): Promise<void>;
}

/** @param keyOf undefined: a notification that nobody waits for */
export async function openWebhookSink(keyOf: (body: string) => string | undefined): Promise<WebhookSink> {
  const arrivals = new Map<string, number>();
  let received = 0;
  const server = createServer((request, response) => {
    const arrivedMs = performance.now();
    received += 1;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.end();
      const key = keyOf(Buffer.concat(chunks).toString());
      if (key !== undefined && !arrivals.has(key)) arrivals.set(key, arrivedMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}/`,
    arrivals,
    received: () => received,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return address.port;
}
