import { appendFileSync, mkdtempSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Descriptors } from '../../src/tail/descriptors.ts';
import type { FoundFile } from '../../src/tail/found-file.ts';
import type { ContainerLog, Generation } from '../../src/tail/generation.ts';
import { reconcileLineage } from '../../src/tail/lineage.ts';
import { readOpenings } from '../../src/tail/openings.ts';
import { parseRotatedName } from '../../src/tail/rotated-name.ts';

describe('reconcileLineage', () => {
  let folder = '';
  let log: ContainerLog;
  let ids = 0;
  let nowMs = 0;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigie-lineage-'));
    const key = join(folder, '0.log');
    log = {
      key,
      folder,
      base: '0.log',
      displayPath: key,
      pod: undefined,
      container: undefined,
      generations: [],
      initial: true,
    };
    nowMs = 1_000_000;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const descriptors = new Descriptors(10);
  afterEach(() => descriptors.closeAll());

  /** Inodes are told by the test: file systems give out freed ones as they like. */
  async function scan(inodes: Readonly<Record<string, string>>, ageMs = 0): Promise<readonly Generation[]> {
    const files = Object.entries(inodes).map(([name, inode]): FoundFile => {
      const path = join(folder, name);
      const rotated = parseRotatedName(name);
      const stat = statSync(path, { bigint: true });
      return {
        path,
        live: rotated === undefined,
        gzip: rotated?.gzip ?? false,
        plainPath: join(folder, rotated?.plain ?? name),
        order: rotated?.order ?? '2',
        inode,
        sizeBytes: Number(stat.size),
        modifiedMs: nowMs - ageMs,
        changedNs: stat.ctimeNs,
      };
    });
    nowMs += 1_000;
    const deps = {
      descriptors,
      nowMs,
      monotonicMs: nowMs,
      nextId: () => ++ids,
      unsteady: false,
    };
    const openings = await readOpenings(log, files);
    reconcileLineage(log, files, openings, {
      ...deps,
      corrupt: (path, error) => expect.fail(`${path}: ${String(error)}`),
    });
    return log.generations;
  }

  function at(name: string): Generation | undefined {
    return log.generations.find((one) => one.path !== undefined && basename(one.path) === name);
  }

  it('knows an archive by its bytes when it got the inode of the archive deleted before it was made', async () => {
    writeFileSync(join(folder, '0.log.20261121-100000.gz'), gzipSync('oldest\n'));
    writeFileSync(join(folder, '0.log.20261121-100001'), 'older\n');
    writeFileSync(join(folder, '0.log'), 'live\n');
    await scan({ '0.log.20261121-100000.gz': 'A', '0.log.20261121-100001': 'B', '0.log': 'C' });
    const older = at('0.log.20261121-100001');
    unlinkSync(join(folder, '0.log.20261121-100000.gz'));
    writeFileSync(join(folder, '0.log.20261121-100001.gz'), gzipSync('older\n'));
    unlinkSync(join(folder, '0.log.20261121-100001'));
    await scan({ '0.log.20261121-100001.gz': 'A', '0.log': 'C' });
    expect(at('0.log.20261121-100001.gz')).toBe(older);
    expect(older).toMatchObject({ inode: 'A', encoding: 'gzip', sizeBytes: 6, gone: undefined });
  });

  it('begins a new generation when the live file gets the inode of a deleted archive', async () => {
    writeFileSync(join(folder, '0.log.20261121-100000.gz'), gzipSync('archived, and longer than what follows\n'));
    writeFileSync(join(folder, '0.log'), 'live\n');
    const [archive] = await scan({ '0.log.20261121-100000.gz': 'A', '0.log': 'B' });
    unlinkSync(join(folder, '0.log.20261121-100000.gz'));
    renameSync(join(folder, '0.log'), join(folder, '0.log.20261121-100001'));
    writeFileSync(join(folder, '0.log'), 'next\n');
    await scan({ '0.log.20261121-100001': 'B', '0.log': 'A' });
    expect(at('0.log')).not.toBe(archive);
    expect(at('0.log')).toMatchObject({ inode: 'A', encoding: 'plain', sizeBytes: 5, live: true });
    expect(at('0.log.20261121-100001')).toMatchObject({ inode: 'B', sizeBytes: 5, live: false });
  });

  it('takes a copy for the file it was made of, also when both are new to it, until the file is truncated', async () => {
    writeFileSync(join(folder, '0.log'), 'live\nand more\n');
    writeFileSync(join(folder, '0.log.1'), 'live\nand more\n');
    const [live, ...others] = await scan({ '0.log': 'A', '0.log.1': 'B' });
    expect(live).toMatchObject({ inode: 'A', live: true });
    expect(others).toEqual([]);
    writeFileSync(join(folder, '0.log'), 'next\n');
    await scan({ '0.log': 'A', '0.log.1': 'B' });
    expect(at('0.log.1')).toBe(live);
    expect(live).toMatchObject({ inode: 'B', sizeBytes: 14, gone: undefined });
    expect(at('0.log')).toMatchObject({ inode: 'A', sizeBytes: 5, live: true });
  });

  it('takes a copy for the file it was made of, though that was empty when last seen', async () => {
    writeFileSync(join(folder, '0.log'), '');
    await scan({ '0.log': 'A' });
    writeFileSync(join(folder, '0.log'), 'live\n');
    writeFileSync(join(folder, '0.log.1'), 'live\n');
    await scan({ '0.log': 'A', '0.log.1': 'B' });
    expect(log.generations).toHaveLength(1);
  });

  it('takes an archive for the file whose first line nobody saw before it was renamed and compressed', async () => {
    writeFileSync(join(folder, '0.log'), 'no line y');
    const [live] = await scan({ '0.log': 'A' });
    expect(live?.head).toBe(undefined);
    writeFileSync(join(folder, '0.log.20261121-100000.gz'), gzipSync('no line yet\nand more\n'));
    writeFileSync(join(folder, '0.log'), 'next\n');
    await scan({ '0.log.20261121-100000.gz': 'B', '0.log': 'C' });
    expect(at('0.log.20261121-100000.gz')).toBe(live);
    expect(live).toMatchObject({
      inode: 'B',
      encoding: 'gzip',
      sizeBytes: 21,
      gone: undefined,
      cutFromBytes: undefined,
    });
    expect(log.generations).toHaveLength(2);
  });

  it('knows the archive of an open file whose first line was written after the last look', async () => {
    const path = join(folder, '0.log');
    writeFileSync(path, 'no line y');
    const { dev, ino } = statSync(path, { bigint: true });
    const [live] = await scan({ '0.log': `${dev}:${ino}` });
    const open = live === undefined ? undefined : descriptors.acquire(live);
    if (live === undefined || open?.status !== 'open') throw new Error('not opened');
    descriptors.release(live, open.fd);
    appendFileSync(path, 'et\n');
    unlinkSync(path);
    writeFileSync(join(folder, '0.log.20261121-100000.gz'), gzipSync('older, and of another file\n'));
    writeFileSync(join(folder, '0.log.20261121-100001.gz'), gzipSync('no line yet\n'));
    writeFileSync(path, 'next\n');
    await scan({ '0.log.20261121-100000.gz': 'B', '0.log.20261121-100001.gz': 'C', '0.log': 'D' });
    expect(log.generations.map(({ inode }) => inode)).toEqual(['B', 'C', 'D']);
    expect(at('0.log.20261121-100001.gz')).toBe(live);
  });

  it('counts what an archive lacks of the file that it was made of', async () => {
    writeFileSync(join(folder, '0.log'), 'live\nwritten after the copy\n');
    const [live] = await scan({ '0.log': 'A' });
    writeFileSync(join(folder, '0.log.1.gz'), gzipSync('live\n'));
    writeFileSync(join(folder, '0.log'), 'next\n');
    await scan({ '0.log.1.gz': 'B', '0.log': 'A' });
    expect(at('0.log.1.gz')).toBe(live);
    expect(live).toMatchObject({ sizeBytes: 5, cutFromBytes: 28, gone: undefined });
  });

  it('puts a copy after the archive of what was in the live file before, though that seems only to have grown', async () => {
    writeFileSync(join(folder, '0.log'), 'first\n');
    const [first] = await scan({ '0.log': 'A' });
    writeFileSync(join(folder, '0.log'), 'second, and longer\n');
    // What a look at its size made of it.
    if (first !== undefined) {
      Object.assign(first, { sizeBytes: 19, changedNs: statSync(join(folder, '0.log'), { bigint: true }).ctimeNs });
    }
    writeFileSync(join(folder, '0.log.2.gz'), gzipSync('first\n'));
    writeFileSync(join(folder, '0.log.1'), 'second, and longer\n');
    await scan({ '0.log.2.gz': 'B', '0.log.1': 'C', '0.log': 'A' });
    expect(at('0.log.2.gz')).toBe(first);
    expect(first).toMatchObject({ sizeBytes: 6, gone: undefined, cutFromBytes: undefined });
    expect(log.generations.map(({ inode }) => inode)).toEqual(['B', 'A']);
  });

  it('does not take bytes of the file that got its inode for its own', async () => {
    writeFileSync(join(folder, '0.log'), 'live\n');
    const [live] = await scan({ '0.log': 'A' });
    writeFileSync(join(folder, '0.log'), 'another file, and a longer one\n');
    // What a look at size and inode makes of it.
    if (live !== undefined) Object.assign(live, { sizeBytes: 31, suspect: true });
    for (let look = 0; look < 2; look++) await scan({ '0.log': 'A' });
    expect(live).toMatchObject({ sizeBytes: 5, gone: 'truncated' });
    expect(at('0.log')).toMatchObject({ inode: 'A', sizeBytes: 31 });
  });

  it('waits for a copy to be made, and then knows what it lacks', async () => {
    writeFileSync(join(folder, '0.log'), 'live\nwritten after the copy\n');
    const [live] = await scan({ '0.log': 'A' });
    writeFileSync(join(folder, '0.log.1'), 'live\n');
    writeFileSync(join(folder, '0.log'), 'next\n');
    await scan({ '0.log': 'A', '0.log.1': 'B' });
    expect(at('0.log.1')).toBe(live);
    expect(live).toMatchObject({ sizeBytes: 28, cutFromBytes: undefined });
    for (let look = 0; look < 2; look++) await scan({ '0.log': 'A', '0.log.1': 'B' }, 10_000);
    expect(at('0.log.1')).toBe(live);
    expect(live).toMatchObject({ sizeBytes: 5, cutFromBytes: 28, gone: undefined });
  });

  it('knows what was written to an open file last, once another has its name', async () => {
    const path = join(folder, '0.log');
    writeFileSync(path, 'live\n');
    const { dev, ino } = statSync(path, { bigint: true });
    const inode = `${dev}:${ino}`;
    const [live] = await scan({ '0.log': inode });
    const open = live === undefined ? undefined : descriptors.acquire(live);
    if (live === undefined || open?.status !== 'open') throw new Error('not opened');
    descriptors.release(live, open.fd);
    appendFileSync(path, 'and its end\n');
    renameSync(path, join(folder, 'elsewhere'));
    writeFileSync(path, 'next\n');
    await scan({ '0.log': 'B' });
    // So whoever reads it waits for what its writer still has to say.
    expect(live).toMatchObject({ live: false, sizeBytes: 17, grownAtMs: nowMs, path });
    expect(at('0.log')).toBe(live);
    appendFileSync(join(folder, 'elsewhere'), 'late\n');
    await scan({ '0.log': 'B' });
    expect(live).toMatchObject({ live: false, sizeBytes: 22, grownAtMs: nowMs, path: undefined, gone: undefined });
    expect(log.generations.map(({ inode: one }) => one)).toEqual([inode, 'B']);
  });

  it('does not let what is in a truncated file wait for a writer of what was there before', async () => {
    writeFileSync(join(folder, '0.log'), 'live\n');
    const [live] = await scan({ '0.log': 'A' });
    const grownAtMs = live?.grownAtMs;
    writeFileSync(join(folder, '0.log'), 'new\n');
    await scan({ '0.log': 'A' });
    expect(live).toMatchObject({ inode: undefined, grownAtMs });
    expect(at('0.log')).toMatchObject({ sizeBytes: 4, live: true });
  });

  it('keeps an archive that only got another number', async () => {
    writeFileSync(join(folder, '0.log.2.gz'), gzipSync('one\n'));
    writeFileSync(join(folder, '0.log'), 'live\n');
    const [archive] = await scan({ '0.log.2.gz': 'A', '0.log': 'B' });
    renameSync(join(folder, '0.log.2.gz'), join(folder, '0.log.3.gz'));
    await scan({ '0.log.3.gz': 'A', '0.log': 'B' });
    expect(at('0.log.3.gz')).toBe(archive);
    expect(log.generations).toHaveLength(2);
  });
});
