/** DNS servers of a test, by UDP and TCP, with whatever they are to answer. */
import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Zone {
  readonly rcode?: number;
  readonly answer?: readonly Buffer[];
  readonly authority?: readonly Buffer[];
  readonly additional?: readonly Buffer[];
}

/** Of the name that was asked for, by pointing at it. */
export function record(type: number, data: Buffer, ttl = 3600): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

export function name(text: string): Buffer {
  const labels = text.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.of(0)]);
}

export function numbers(bytes: 2 | 4, ...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(bytes * values.length);
  for (const [index, value] of values.entries()) buffer.writeUIntBE(value, index * bytes, bytes);
  return buffer;
}

export function answerTo(query: Buffer, { rcode = 0, answer = [], authority = [], additional = [] }: Zone): Buffer {
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180 | rcode, 2);
  for (const [at, records] of [answer, authority, additional].entries()) head.writeUInt16BE(records.length, 6 + 2 * at);
  return Buffer.concat([head, query.subarray(12), ...answer, ...authority, ...additional]);
}

export interface DnsServer {
  readonly target: string;
  readonly queries: readonly Buffer[];
}

export async function udpServer(answers: (query: Buffer) => readonly Buffer[]): Promise<DnsServer> {
  const queries: Buffer[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    queries.push(query);
    for (const answer of answers(query)) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  return { target: `127.0.0.1:${socket.address().port}`, queries };
}

export async function tcpServer(zone: Zone): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('data', (framed) => {
      const answer = answerTo(framed.subarray(2), zone);
      // In two pieces, the first of which ends within the length.
      const whole = Buffer.concat([numbers(2, answer.length), answer]);
      socket.write(whole.subarray(0, 1), () => socket.write(whole.subarray(1)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
