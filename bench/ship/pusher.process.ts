/** An application's pods in one process: pushes requests that lie ready, over a few connections, and comes again when it is told to.
 *  Options, as JSON: {url, pid, protocol, requests, warmUp, connections}. `pid` is the receiver's, whose CPU time is read once it is warm. */
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { numberField, parseFields } from '../harness/fields.ts';
import { cpuSecondsOf } from '../harness/proc-stats.ts';
import { quantile } from '../harness/statistics.ts';
import { isProtocol, makeRequests, type PushedBody } from './requests.ts';

const options = parseFields(process.argv[2]!);
const { protocol, url } = options;
if (!isProtocol(protocol)) throw new Error(`no such protocol: ${String(protocol)}`);
const requests = makeRequests(protocol);
const agent = new http.Agent({ keepAlive: true, maxSockets: numberField(options, 'connections') });
let refused = 0;

await pushAll(numberField(options, 'warmUp'));
refused = 0;
const cpuSecondsWhenWarm = cpuSecondsOf(numberField(options, 'pid'));
const startedAt = performance.now();
const latenciesMs = await pushAll(numberField(options, 'requests'));
const seconds = (performance.now() - startedAt) / 1e3;
const [p50Ms, p99Ms] = [quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99)];
process.stdout.write(`${JSON.stringify({ cpuSecondsWhenWarm, seconds, refused, p50Ms, p99Ms })}\n`);
agent.destroy();

async function pushAll(count: number): Promise<readonly number[]> {
  const latencies: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const request = requests[next++ % requests.length]!;
      const from = performance.now();
      while (!(await push(request))) {
        refused++;
        await setTimeout(50);
      }
      latencies.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: numberField(options, 'connections') }, worker));
  return latencies;
}

/** @returns whether the receiver has it */
async function push({ path, headers, body }: PushedBody): Promise<boolean> {
  const request = http.request(`${String(url)}${path}`, { method: 'POST', agent, headers });
  request.end(body);
  const [response]: http.IncomingMessage[] = await once(request, 'response');
  response!.resume();
  await once(response!, 'end');
  const { statusCode = 0 } = response!;
  if (statusCode === 200 || statusCode === 204) return true;
  if (statusCode === 429 || statusCode === 503) return false;
  throw new Error(`${path} answers ${statusCode}`);
}
