import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RotatingFile } from '../../src/sinks/rotating-file.ts';

let folder: string;
let path: string;
let discarded: number[];
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'vigie-rotating-'));
  path = join(folder, 'below', 'out.ndjson');
  discarded = [];
});
afterEach(async () => {
  await fs.rm(folder, { recursive: true });
});

function fileOf(maxBytes = 1_000_000, keep = 2): RotatingFile {
  return new RotatingFile(path, { maxBytes, keep }, (bytes) => discarded.push(bytes));
}

function content(suffix = ''): Promise<string> {
  return fs.readFile(path + suffix, 'utf8');
}

describe('rotating file', () => {
  test('makes its folder and appends to what is there', async () => {
    for (const line of ['{"n":1}\n', '{"n":2}\n']) {
      const file = fileOf();
      expect(await file.append(Buffer.from(line))).toEqual({ status: 'ok' });
      await file.close();
    }
    expect(await content()).toBe('{"n":1}\n{"n":2}\n');
  });

  test('keeps the order of appends that come together', async () => {
    const file = fileOf();
    const lines = Array.from({ length: 100 }, (_, n) => `{"n":${n}}\n`);
    await Promise.all(lines.map((line) => file.append(Buffer.from(line))));
    expect(await content()).toBe(lines.join(''));
    await file.close();
  });

  test('rotates before a file would exceed its size, and tells what it deletes', async () => {
    const file = fileOf(20, 2);
    for (let n = 1; n <= 9; n++) await file.append(Buffer.from(`{"n":${n}}\n`));
    expect(await Promise.all(['', '.1', '.2'].map((suffix) => content(suffix)))).toEqual([
      '{"n":9}\n',
      '{"n":7}\n{"n":8}\n',
      '{"n":5}\n{"n":6}\n',
    ]);
    expect((await fs.readdir(join(folder, 'below'))).sort()).toEqual(['out.ndjson', 'out.ndjson.1', 'out.ndjson.2']);
    expect(discarded).toEqual([16, 16]);
    await file.close();
  });

  test('keeps none where none is to be kept', async () => {
    const file = fileOf(8, 0);
    for (let n = 1; n <= 3; n++) await file.append(Buffer.from(`{"n":${n}}\n`));
    expect(await fs.readdir(join(folder, 'below'))).toEqual(['out.ndjson']);
    expect(await content()).toBe('{"n":3}\n');
    expect(discarded).toEqual([8, 8]);
    await file.close();
  });

  test('writes an append larger than the size whole', async () => {
    const file = fileOf(10);
    const line = `{"n":"${'x'.repeat(100)}"}\n`;
    await file.append(Buffer.from(line));
    expect(await content()).toBe(line);
    await file.close();
  });

  test('goes on in a new file when its own is moved or deleted', async () => {
    const file = fileOf();
    await file.append(Buffer.from('{"n":1}\n'));
    await fs.rename(path, `${path}.moved`);
    await file.append(Buffer.from('{"n":2}\n'));
    await fs.rm(join(folder, 'below'), { recursive: true });
    await file.append(Buffer.from('{"n":3}\n'));
    expect(await content()).toBe('{"n":3}\n');
    await file.close();
  });

  test.each([
    ['cuts the torn line of a writer that was killed', '{"n":1}\n{"n":', '{"n":1}\n{"n":2}\n'],
    ['cuts a torn line that is all there is', '{"n":', '{"n":2}\n'],
    ['closes off a tail that is not ours', 'written by hand', 'written by hand\n{"n":2}\n'],
    ['closes off a tail longer than it reads at once', 'y'.repeat(200_000), `${'y'.repeat(200_000)}\n{"n":2}\n`],
    ['cuts a torn line longer than it reads at once', `{}\n{"m":"${'y'.repeat(200_000)}`, '{}\n{"n":2}\n'],
    ['keeps a whole file', '{"n":1}\n', '{"n":1}\n{"n":2}\n'],
  ])('%s', async (_what, before, after) => {
    await fs.mkdir(join(folder, 'below'));
    await fs.writeFile(path, before);
    const file = fileOf();
    await file.append(Buffer.from('{"n":2}\n'));
    expect((await content()) === after).toBe(true);
    await file.close();
  });

  test('fails with the reason, and works again when that is gone', async () => {
    await fs.writeFile(join(folder, 'below'), 'a file where the folder should be');
    const file = fileOf();
    expect(await file.append(Buffer.from('{"n":1}\n'))).toMatchObject({ status: 'failed', code: 'EEXIST' });
    await fs.unlink(join(folder, 'below'));
    expect(await file.append(Buffer.from('{"n":1}\n'))).toEqual({ status: 'ok' });
    expect(await content()).toBe('{"n":1}\n');
    await file.close();
  });

  test.runIf(process.getuid?.() === 0)(
    'leaves no half line on a full disk, and goes on when there is room',
    async (context) => {
      const disk = join(folder, 'disk');
      await fs.mkdir(disk);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'pipe' });
      } catch {
        context.skip('mounting a tmpfs is not allowed here');
      }
      try {
        path = join(disk, 'out.ndjson');
        const file = fileOf();
        await file.append(Buffer.from('{"n":1}\n'));
        await fs.writeFile(join(disk, 'filler'), Buffer.alloc(48 * 1024));
        const large = Buffer.from(`{"n":"${'x'.repeat(30_000)}"}\n`);
        const failing = file.append(large);
        const fitting = file.append(Buffer.from('{"n":3}\n'));
        expect(await failing).toMatchObject({ status: 'failed', code: 'ENOSPC' });
        expect(await fitting).toEqual({ status: 'ok' });
        expect(await content()).toBe('{"n":1}\n{"n":3}\n');
        await fs.unlink(join(disk, 'filler'));
        expect(await file.append(large)).toEqual({ status: 'ok' });
        expect(await content()).toBe(`{"n":1}\n{"n":3}\n${large}`);
        await file.close();
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    },
  );
});
