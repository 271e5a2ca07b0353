/** The harness's side of bulk-sink.process.ts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type Fields, parseFields } from './fields.ts';

export type SinkMode = 'bytes' | 'records' | 'numbers' | 'ages';

export interface SinkOrder {
  readonly mode: SinkMode;
  readonly expectedBytes?: number;
  readonly expectedRecords?: number;
  /** Nothing received for so long means that the shipper is done, or stuck. */
  readonly stallMs: number;
}

export interface BulkSink {
  readonly port: number;
  readonly pid: number;
  arm(order: SinkOrder): Promise<void>;
  watch(pid: number): Promise<void>;
  stats(): Promise<Fields>;
  settled(): Promise<Fields>;
  close(): Promise<void>;
}

export async function startBulkSink(program: string, core: number): Promise<BulkSink> {
  const child = spawn('taskset', ['-c', String(core), process.execPath, program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line]: unknown[] = await once(createInterface(child.stdout), 'line');
  const port = Number(/port (\d+)$/.exec(String(line))?.[1]);
  if (child.pid === undefined || !Number.isInteger(port)) throw new Error(`the sink did not start: ${String(line)}`);
  const call = async (path: string, body?: object): Promise<Fields> => {
    const method = body === undefined ? 'GET' : 'POST';
    // A connection for each call: between two the harness can be busy for longer than a server keeps one open.
    const request = http.request({ host: '127.0.0.1', port, path: `/bench/${path}`, method, agent: false });
    request.end(body === undefined ? undefined : JSON.stringify(body));
    const [response]: http.IncomingMessage[] = await once(request, 'response');
    return parseFields(await text(response!));
  };
  return {
    port,
    pid: child.pid,
    arm: async (order) => void (await call('arm', order)),
    watch: async (pid) => void (await call('watch', { pid })),
    stats: () => call('stats'),
    settled: () => call('settled'),
    async close() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
