/** Targets of one cluster, each on a port of its own, that note when they are asked. Arguments: how many, series of each, bodies
 *  that each has ready. Says `ready CONTROL PORT…` once every body is made. GET /arrivals of the control port answers the times of
 *  requests since the last time, Unix ms by target. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { makeTarget } from '../harness/scraped-target.ts';

const [count = 0, series = 0, bodies = 0] = process.argv.slice(2).map(Number);
const arrivals: number[][] = Array.from({ length: count }, () => []);

/** Made before, so that no request waits for another one's body. */
function listenerOf(number: number): RequestListener {
  const target = makeTarget(number, series);
  const plain = Array.from({ length: bodies }, (_, scrape) => target.body(scrape));
  // As client_golang does where it may.
  const zipped = plain.map((body) => gzipSync(body));
  let scrape = 0;
  return (request, response) => {
    arrivals[number]!.push(performance.timeOrigin + performance.now());
    const isZipped = String(request.headers['accept-encoding']).includes('gzip');
    const body = (isZipped ? zipped : plain)[scrape++ % bodies]!;
    response.writeHead(200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'content-length': body.length,
      ...(isZipped ? { 'content-encoding': 'gzip' } : {}),
    });
    response.end(body);
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return address.port;
}

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  // As client_golang's, which ends no connection at rest: Node's own would between any two scrapes.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return portOf(server);
}

const control = await listen((_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(arrivals.map((times) => times.splice(0))));
});
const ports: number[] = [];
for (let number = 0; number < count; number++) ports.push(await listen(listenerOf(number)));
process.stderr.write(`ready ${control} ${ports.join(' ')}\n`);
