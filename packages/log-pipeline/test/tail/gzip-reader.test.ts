import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '@vigie/core/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GzipReader, gzipHead, gzipPlainSize } from '../../src/tail/gzip-reader.ts';
import { headOf } from '../../src/tail/head.ts';

describe('GzipReader', () => {
  let folder = '';
  let path = '';
  const random = seededRandom(7);
  const plain = Buffer.from(Array.from({ length: 300_000 }, () => Math.floor(random() * 256)));

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigie-gzip-'));
    path = join(folder, 'a.gz');
    writeFileSync(path, gzipSync(plain));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('answers any position and length as the plain file would, forwards and back', async () => {
    const reader = new GzipReader(path);
    let position = 0;
    for (let step = 0; step < 60; step++) {
      const length = 1 + Math.floor(random() * 40_000);
      const target = Buffer.alloc(length + 2, 0xaa);
      const bytes = await reader.read(target, 1, length, position);
      const expected = plain.subarray(position, position + length);
      expect(bytes).toBe(expected.length);
      expect(target.subarray(1, 1 + bytes).equals(expected)).toBe(true);
      expect(target[0]).toBe(0xaa);
      expect(target[1 + length]).toBe(0xaa);
      position = random() < 0.2 ? Math.floor(random() * plain.length) : position + Math.floor(bytes * random());
    }
    expect(await reader.read(Buffer.alloc(10), 0, 10, plain.length)).toBe(0);
    reader.close();
  });

  it('tells whether the archive under its path is the one that it was made for', async () => {
    const named = join(folder, 'app.log.2.gz');
    writeFileSync(named, gzipSync('first\nand more\n'));
    const first = headOf(await gzipHead(named));
    writeFileSync(named, gzipSync('second\nand more\n'));
    const second = headOf(await gzipHead(named));
    const reader = new GzipReader(named);
    expect(await reader.read(Buffer.alloc(3), 0, 3, 10)).toBe(3);
    expect(first !== undefined && reader.beginsWith(first)).toBe(false);
    reader.close();
    const again = new GzipReader(named);
    await again.read(Buffer.alloc(3), 0, 3, 0);
    expect(second !== undefined && again.beginsWith(second)).toBe(true);
    again.close();
  });

  it('tells head and plain size without inflating all of it', async () => {
    expect(gzipPlainSize(path)).toBe(plain.length);
    expect((await gzipHead(path)).equals(plain.subarray(0, 1024))).toBe(true);
  });

  it('rejects a damaged archive after what could be read of it', async () => {
    const damaged = join(folder, 'damaged.gz');
    const bytes = gzipSync(plain);
    writeFileSync(damaged, bytes.subarray(0, bytes.length - 1000));
    const reader = new GzipReader(damaged);
    const target = Buffer.alloc(1000);
    expect(await reader.read(target, 0, 1000, 0)).toBe(1000);
    await expect(reader.read(Buffer.alloc(plain.length), 0, plain.length, 0)).rejects.toThrow();
    reader.close();
  });
});
