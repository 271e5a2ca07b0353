/** A service at a port of its own, until the test is over. */
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import type { AlertingService } from '../src/service.ts';

/** @returns the URL of its root */
export async function served(service: AlertingService): Promise<string> {
  const server = createServer((incoming, outgoing) => service.serve(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await service.close({ graceMs: 0 });
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}
