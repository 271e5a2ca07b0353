import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileSink, fileSchema } from '../../src/sinks/file.ts';
import { documentLine } from './facts.ts';
import { recordedDeps } from './sink-deps.ts';

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'vigie-file-'));
});
afterEach(async () => {
  await fs.rm(folder, { recursive: true });
});

function sinkOf(path: string, rotate = {}): { sink: FileSink; counts: Map<string, number> } {
  const config = v.parse(fileSchema, { type: 'file', inputs: ['pods'], path: join(folder, path), rotate });
  const deps = recordedDeps();
  return { sink: new FileSink('archive', config, deps), counts: deps.counts };
}

const accepted = { status: 'accepted' };

describe('file sink', () => {
  test('writes documents as they are', async () => {
    const { sink } = sinkOf('a.ndjson');
    const body = documentLine('2026-11-21T04:12:19Z', 'one') + documentLine('2026-11-22T04:12:19Z', 'two');
    expect(await sink.send(Buffer.from(body), 2)).toEqual(accepted);
    await sink.close();
    expect(await fs.readFile(join(folder, 'a.ndjson'), 'utf8')).toBe(body);
  });

  test('puts records into the file of their own UTC day', async () => {
    const { sink } = sinkOf('%Y/%m-%d.ndjson');
    const lines = [
      documentLine('2026-11-21T23:59:59.999999999Z', 'a'),
      documentLine('2026-11-22T00:00:00Z', 'b'),
      documentLine('2026-11-21T00:00:00Z', 'c'),
      // Local time of CRI-O: 04:30 UTC on the 22nd, and 22:30 on the 21st.
      documentLine('2026-11-21T23:30:00.5-05:00', 'd'),
      documentLine('2026-11-22T04:00:00+05:30', 'e'),
    ];
    expect(await sink.send(Buffer.from(lines.join('')), 5)).toEqual(accepted);
    await sink.close();
    const read = (name: string): Promise<string> => fs.readFile(join(folder, '2026', name), 'utf8');
    expect(await read('11-21.ndjson')).toBe(`${lines[0]}${lines[2]}${lines[4]}`);
    expect(await read('11-22.ndjson')).toBe(`${lines[1]}${lines[3]}`);
  });

  test('asks again only for the records whose file could not be written', async () => {
    const { sink } = sinkOf('%d/out');
    await fs.writeFile(join(folder, '22'), 'in the way');
    const lines = ['2026-11-21', '2026-11-22', '2026-11-21', '2026-11-22'].map((day) =>
      documentLine(`${day}T00:00:00Z`, day),
    );
    const body = Buffer.from(lines.join(''));
    expect(await sink.send(body, 4)).toEqual({ status: 'items', retry: [1, 3], rejected: [], reason: 'storage' });
    expect(await sink.send(Buffer.from(lines[1] ?? ''), 1)).toMatchObject({ status: 'retryable', reason: 'storage' });
    await fs.unlink(join(folder, '22'));
    expect(await sink.send(Buffer.from(lines[1] ?? ''), 1)).toEqual(accepted);
    await sink.close();
  });

  test('keeps few files open however many days a backlog has', async () => {
    const { sink } = sinkOf('%m-%d');
    for (let day = 1; day <= 28; day++) {
      const time = `2026-11-${String(day).padStart(2, '0')}T00:00:00Z`;
      await sink.send(Buffer.from(documentLine(time, 'x').repeat(2)), 2);
    }
    const open = await Promise.all(
      (await fs.readdir('/proc/self/fd')).map((fd) => fs.readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    expect(open.filter((target) => target.startsWith(folder)).length).toBeLessThanOrEqual(9);
    await sink.close();
    expect(await fs.readdir(folder)).toHaveLength(28);
  });

  test('rotates by size and counts what it deletes', async () => {
    const { sink, counts } = sinkOf('a', { max_size: '4KiB', keep: 1 });
    const line = documentLine('2026-11-21T00:00:00Z', 'x'.repeat(3000));
    for (let n = 0; n < 4; n++) await sink.send(Buffer.from(line), 1);
    await sink.close();
    expect((await fs.readdir(folder)).sort()).toEqual(['a', 'a.1']);
    expect(counts.get('discarded_bytes')).toBe(2 * line.length);
  });
});
