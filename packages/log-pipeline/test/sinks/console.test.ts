import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { documentShape, NO_OPENING } from '../../src/encode/document.ts';
import { ConsoleSink } from '../../src/sinks/console.ts';
import { documentLine, factsOf } from './facts.ts';
import { neverAborted } from './sink-deps.ts';

let folder: string;
let pipe: string;
let reader: fs.FileHandle;
let writer: fs.FileHandle;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'vigie-console-'));
  pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Each end waits for the other to be opened.
  [reader, writer] = await Promise.all([fs.open(pipe, 'r'), fs.open(pipe, 'w')]);
});
afterEach(async () => {
  await reader.close();
  await writer.close();
  await fs.rm(folder, { recursive: true });
});

function sinkOf(encoding: 'json' | 'text'): ConsoleSink {
  return new ConsoleSink('out', { encoding, format: 'ecs' }, { clock: systemClock }, writer.fd);
}

async function read(length: number): Promise<string> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) done += (await reader.read(buffer, done, length - done, null)).bytesRead;
  return buffer.toString();
}

async function textOf(line: string): Promise<string> {
  const sink = sinkOf('text');
  expect(await sink.send(Buffer.from(line), 1, neverAborted())).toEqual({ status: 'accepted' });
  const { buffer, bytesRead } = await reader.read(Buffer.alloc(4096), 0, 4096, null);
  return buffer.toString('utf8', 0, bytesRead);
}

function shapedLine(message: string): string {
  const shape = documentShape(factsOf(), NO_OPENING, undefined);
  const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
  const quoted = JSON.stringify(message).slice(1, -1);
  return `${text(shape.head)}2026-11-21T04:12:19.5Z${text(shape.stdout)}${quoted}${text(shape.afterMessage)}${text(shape.beforeOffset)}0${text(shape.tails[0])}`;
}

describe('console sink', () => {
  test('writes documents as they are', async () => {
    const body = documentLine('2026-11-21T04:12:19Z', 'one') + documentLine('2026-11-21T04:12:20Z', 'zwei ü');
    expect(await sinkOf('json').send(Buffer.from(body), 2, neverAborted())).toEqual({ status: 'accepted' });
    expect(await read(Buffer.byteLength(body))).toBe(body);
  });

  test('waits for a slow reader without holding up the process, and keeps bodies apart', async () => {
    const sink = sinkOf('json');
    const bodies = ['a', 'b', 'c'].map((letter) => documentLine('2026-11-21T04:12:19Z', letter.repeat(100_000)));
    let accepted = 0;
    const sends = bodies.map(async (body) => {
      await sink.send(Buffer.from(body), 1, neverAborted());
      accepted++;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(accepted).toBe(0);
    expect(await read(bodies.join('').length)).toBe(bodies.join(''));
    await Promise.all(sends);
  });

  test('lets a stalled write go when it is aborted, the caller’s memory with it', async () => {
    const sink = sinkOf('json');
    const body = Buffer.from(documentLine('2026-11-21T04:12:19Z', 'x'.repeat(200_000)));
    const before = body.toString();
    const abort = new AbortController();
    const outcome = expect(sink.send(body, 1, abort.signal)).rejects.toThrow('no longer wanted');
    const begun = await read(10);
    abort.abort(new Error('no longer wanted'));
    await outcome;
    body.fill(0);
    expect(begun + (await read(before.length - 10))).toBe(before);
  });

  test('holds when nobody reads any more', async () => {
    await reader.close();
    const sink = sinkOf('json');
    const outcome = await sink.send(Buffer.from(documentLine('2026-11-21T04:12:19Z', 'x')), 1, neverAborted());
    expect(outcome).toMatchObject({ status: 'held', reason: 'closed' });
    reader = await fs.open(folder, 'r');
  });

  test('as text shows time, origin and message', async () => {
    expect(await textOf(shapedLine('GET / 200'))).toBe('2026-11-21T04:12:19.5Z shop/web-1/web GET / 200\n');
    expect(await textOf(documentLine('2026-11-21T04:12:19Z', 'hello'))).toBe('2026-11-21T04:12:19Z /a hello\n');
  });

  test('as text shows the members that took the place of the message', async () => {
    const line =
      '{"@timestamp":"2026-11-21T04:12:19Z","stream":"stdout","level":"info","log":{"file":{"path":"/a"}}}\n';
    expect(await textOf(line)).toBe('2026-11-21T04:12:19Z /a {"level":"info"}\n');
  });

  test('as text lets no line move the cursor or set the title of a terminal', async () => {
    const attack = '\u001b]0;owned\u0007\u001b[2J\r\u009b31mred';
    expect(await textOf(documentLine('2026-11-21T04:12:19Z', `a\tb\n${attack}`))).toBe(
      '2026-11-21T04:12:19Z /a a\tb\n\\x1b]0;owned\\x07\\x1b[2J\\x0d\\x9b31mred\n',
    );
  });
});
