import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckpointEntry } from '../../src/checkpoint/format.ts';
import { type CheckpointDeps, type CheckpointFs, openCheckpoint } from '../../src/checkpoint/store.ts';

const deps: CheckpointDeps = { fs, clock: { ...systemClock, nowMs: () => Date.UTC(2026, 10, 21, 4, 12, 19) } };

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'vigie-checkpoint-'));
  path = join(folder, 'checkpoints', 'pods.es.ckpt');
});
afterEach(async () => {
  await fs.rm(folder, { recursive: true });
});

function entry(n: number, offset = n): CheckpointEntry {
  const log = `/var/log/pods/shop_web_1/web/${n}.log`;
  return { log, path: log, dev: '1', ino: String(n), head: undefined, offset, size: offset, done: false };
}

async function readAgain(): Promise<readonly CheckpointEntry[]> {
  const { read } = await openCheckpoint(path, deps);
  if (read.status !== 'ok') throw new Error(`the checkpoint is ${read.status}`);
  return read.entries;
}

/** node:fs with some calls replaced. */
function faultyFs(faults: Partial<CheckpointFs>): CheckpointFs {
  return { ...fs, ...faults };
}

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

describe('checkpoint store', () => {
  test('starts absent, keeps what is put, forgets what is deleted', async () => {
    const { store, read } = await openCheckpoint<string>(path, deps);
    expect(read).toEqual({ status: 'absent' });
    store.put('a', entry(1));
    store.put('b', entry(2));
    expect(await store.flush()).toMatchObject({ status: 'written', entries: 2 });
    store.delete('a');
    store.put('b', entry(2, 20));
    await store.flush();
    expect(await readAgain()).toEqual([entry(2, 20)]);
  });

  test('writes nothing when nothing changed', async () => {
    const { store } = await openCheckpoint<string>(path, deps);
    store.put('a', entry(1));
    await store.flush();
    store.put('a', entry(1));
    store.delete('never there');
    expect(await store.flush()).toEqual({ status: 'unchanged' });
  });

  test('runs one write at a time, and the calls that come meanwhile share the next', async () => {
    let writing = 0;
    let writes = 0;
    const counting = faultyFs({
      open: async (file, flags, mode) => {
        if (flags === 'w') {
          expect(++writing).toBe(1);
          writes++;
        }
        return fs.open(file, flags, mode);
      },
      rename: async (from, to) => {
        await fs.rename(from, to);
        writing--;
      },
    });
    const { store } = await openCheckpoint<number>(path, { ...deps, fs: counting });
    const flushes = Array.from({ length: 50 }, (_, n) => {
      store.put(n, entry(n));
      return store.flush();
    });
    await Promise.all(flushes);
    expect(writes).toBe(2);
    expect(await readAgain()).toHaveLength(50);
  });

  test('a flush that runs writes what was put before it, and what comes during it needs the next', async () => {
    const { store } = await openCheckpoint<string>(path, deps);
    store.put('a', entry(1));
    const running = store.flush();
    store.put('a', entry(1, 99));
    await running;
    expect(await readAgain()).toEqual([entry(1)]);
    await store.flush();
    expect(await readAgain()).toEqual([entry(1, 99)]);
  });

  test('passes on what it has, and the next one writes it where this one could not', async () => {
    let broken = false;
    const full = faultyFs({
      open: (file, flags, mode) => (broken ? Promise.reject(errno('ENOSPC')) : fs.open(file, flags, mode)),
    });
    const { store } = await openCheckpoint<string>(path, { ...deps, fs: full });
    store.put('a', entry(1));
    await store.flush();
    const written = store.handOver<string>();
    expect(written.entries).toEqual([entry(1)]);
    expect(await written.store.flush()).toEqual({ status: 'unchanged' });
    broken = true;
    store.put('a', entry(1, 5));
    expect(await store.flush()).toMatchObject({ status: 'failed' });
    const next = store.handOver<string>();
    expect(next.entries).toEqual([entry(1, 5)]);
    broken = false;
    for (const one of next.entries) next.store.put('a', one);
    expect(await next.store.flush()).toMatchObject({ status: 'written' });
    expect(await readAgain()).toEqual([entry(1, 5)]);
  });

  test.each([
    'open',
    'write',
    'sync',
    'rename',
  ] as const)('keeps the old file and writes again when %s fails', async (step) => {
    let broken = false;
    const fail = (): void => {
      if (broken) throw errno('ENOSPC');
    };
    const failing = faultyFs({
      open: async (file, flags, mode) => {
        if (step === 'open') fail();
        const handle = await fs.open(file, flags, mode);
        return {
          write: async (bytes, offset, length, position) => {
            if (step !== 'write') return handle.write(bytes, offset, length, position);
            // A disk that fills up takes a part before it refuses.
            if (position > 10) fail();
            return handle.write(bytes, offset, Math.min(length, 11), position);
          },
          sync: async () => {
            if (step === 'sync') fail();
            await handle.sync();
          },
          close: () => handle.close(),
        };
      },
      rename: async (from, to) => {
        if (step === 'rename') fail();
        await fs.rename(from, to);
      },
    });
    const { store } = await openCheckpoint<string>(path, { ...deps, fs: failing });
    store.put('a', entry(1));
    await store.flush();
    broken = true;
    store.put('a', entry(1, 50));
    expect(await store.flush()).toMatchObject({ status: 'failed', code: 'ENOSPC' });
    expect(await fs.readdir(join(folder, 'checkpoints'))).toEqual(['pods.es.ckpt']);
    expect(await readAgain()).toEqual([entry(1)]);
    broken = false;
    expect(await store.flush()).toMatchObject({ status: 'written' });
    expect(await readAgain()).toEqual([entry(1, 50)]);
  });

  test('sets a corrupt file aside, keeping the last three', async () => {
    await fs.mkdir(join(folder, 'checkpoints'));
    for (let n = 0; n < 5; n++) {
      await fs.writeFile(path, `garbage ${n}`);
      const { store, read } = await openCheckpoint<string>(path, deps);
      expect(read).toMatchObject({ status: 'corrupt', reason: 'it does not begin with a checkpoint header' });
      store.put('a', entry(n));
      await store.flush();
      expect(await readAgain()).toEqual([entry(n)]);
    }
    const names = (await fs.readdir(join(folder, 'checkpoints'))).sort();
    expect(names).toHaveLength(4);
    const kept = await Promise.all(
      names
        .filter((name) => name.includes('.corrupt-20261121T041219Z'))
        .map((name) => fs.readFile(join(folder, 'checkpoints', name), 'utf8')),
    );
    expect(kept.sort()).toEqual(['garbage 2', 'garbage 3', 'garbage 4']);
  });

  test('ignores and removes the temporary file of a writer that was killed', async () => {
    const { store } = await openCheckpoint<string>(path, deps);
    store.put('a', entry(1));
    await store.flush();
    await fs.writeFile(`${path}.tmp`, 'vigie-checkpoint 1\n{"log":');
    expect(await readAgain()).toEqual([entry(1)]);
    expect(await fs.readdir(join(folder, 'checkpoints'))).toEqual(['pods.es.ckpt']);
  });

  test('does not start when the file cannot be read', async () => {
    const unreadable = faultyFs({ readFile: () => Promise.reject(errno('EIO')) });
    await expect(openCheckpoint(path, { ...deps, fs: unreadable })).rejects.toThrow('EIO');
  });

  test('survives kill -9 at any instant: what was announced as written is there', { timeout: 60_000 }, async () => {
    const writer = join(folder, 'writer.cjs');
    buildSync({
      entryPoints: [new URL('./endless-writer.ts', import.meta.url).pathname],
      bundle: true,
      platform: 'node',
      outfile: writer,
    });
    let last = 0;
    for (let round = 0; round < 15; round++) {
      const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      let announced = '';
      const killAfterLines = 3 + round * 2;
      for await (const chunk of child.stdout) {
        announced += String(chunk);
        if (announced.split('\n').length > killAfterLines) child.kill('SIGKILL');
      }
      const written = announced.split('\n').slice(0, -1).map(Number);
      const entries = await readAgain();
      expect(entries).toHaveLength(200);
      const offsets = new Set(entries.map(({ offset }) => offset));
      expect(offsets.size, 'entries of one flush only').toBe(1);
      const [offset = -1] = offsets;
      expect(offset).toBeGreaterThanOrEqual(written.at(-1) ?? 0);
      expect(offset).toBeGreaterThanOrEqual(last);
      last = offset;
    }
  });

  test.runIf(process.getuid?.() === 0)(
    'reports a disk that is really full and recovers when there is room',
    async (context) => {
      const disk = join(folder, 'disk');
      await fs.mkdir(disk);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'pipe' });
      } catch {
        context.skip('mounting a tmpfs is not allowed here');
      }
      try {
        const { store } = await openCheckpoint<number>(join(disk, 'a.ckpt'), deps);
        for (let n = 0; n < 50; n++) store.put(n, entry(n));
        expect((await store.flush()).status).toBe('written');
        await fs.writeFile(join(disk, 'filler'), Buffer.alloc(52_000));
        store.put(0, entry(0, 7));
        expect(await store.flush()).toMatchObject({ status: 'failed', code: 'ENOSPC' });
        expect((await openCheckpoint(join(disk, 'a.ckpt'), deps)).read).toMatchObject({ status: 'ok' });
        await fs.unlink(join(disk, 'filler'));
        expect((await store.flush()).status).toBe('written');
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    },
  );
});
