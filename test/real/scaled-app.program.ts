/** An application that is scaled: prom-client's default metrics, and load that a test sets with POST /load?rate=10&depth=5:
 *  requests a second that it counts, and how deep its queue is. */
import { createServer } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, register } from 'prom-client';

const PORT = 8080;
const TICK_MS = 100;

collectDefaultMetrics();
const requests = new Counter({ name: 'http_requests_total', help: 'Requests that were answered.' });
const depth = new Gauge({ name: 'queue_depth', help: 'Jobs that wait.' });
let perSecond = 0;
let countedAtMs = performance.now();
// By the time that has gone by: a busy machine is late.
setInterval(() => {
  const nowMs = performance.now();
  requests.inc((perSecond * (nowMs - countedAtMs)) / 1000);
  countedAtMs = nowMs;
}, TICK_MS);

createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/load' && request.method === 'POST') {
    perSecond = Number(url.searchParams.get('rate') ?? perSecond);
    if (url.searchParams.has('depth')) depth.set(Number(url.searchParams.get('depth')));
    response.end();
    return;
  }
  if (url.pathname !== '/metrics') {
    response.writeHead(404).end();
    return;
  }
  register.metrics().then(
    (body) => response.setHeader('content-type', register.contentType).end(body),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(PORT);

process.once('SIGTERM', () => process.exit(0));
