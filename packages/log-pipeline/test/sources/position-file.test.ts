import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { PositionFile } from '../../src/sources/position-file.ts';

function pathOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-position-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'sources', 'journal.position');
}

test('what was written is read by the next process; the bytes are those of the document', async () => {
  const path = pathOf();
  const file = new PositionFile(path, fsPromises);
  expect(await file.read()).toEqual({ status: 'absent' });
  await file.write('s=1;i="2"\n');
  expect(readFileSync(path, 'latin1')).toBe('vigie-source-position 1 "s=1;i=\\"2\\"\\n" crc32 821e623b\n');
  expect(await new PositionFile(path, fsPromises).read()).toEqual({ status: 'ok', position: 's=1;i="2"\n' });
  expect(readdirSync(join(path, '..'))).toEqual(['journal.position']);
});

test('a damaged file is told from none, and replaced', async () => {
  const path = pathOf();
  const file = new PositionFile(path, fsPromises);
  await file.read();
  await file.write('s=1;i=2');
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    expect(await new PositionFile(path, fsPromises).read(), `byte ${at}`).toEqual({ status: 'corrupt' });
    writeFileSync(path, whole.subarray(0, at));
    expect(await new PositionFile(path, fsPromises).read(), `cut at ${at}`).toEqual({ status: 'corrupt' });
  }
  const next = new PositionFile(path, fsPromises);
  await next.read();
  await next.write('s=1;i=3');
  expect(await next.read()).toEqual({ status: 'ok', position: 's=1;i=3' });
});

test('what is no JSON is no position, though its checksum be right', async () => {
  const path = pathOf();
  await new PositionFile(path, fsPromises).read();
  const content = 'vigie-source-position 1 "a" "b" crc32 ';
  writeFileSync(path, `${content}${crc32(content).toString(16).padStart(8, '0')}\n`);
  expect(await new PositionFile(path, fsPromises).read()).toEqual({ status: 'corrupt' });
});

test('the same position is not written twice; one that fails leaves the old one', async () => {
  const path = pathOf();
  let opened = 0;
  let isFull = false;
  const fs = {
    ...fsPromises,
    open: async (...args: Parameters<typeof fsPromises.open>) => {
      if (args[1] === 'w') opened++;
      if (isFull && args[1] === 'w') throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      return fsPromises.open(...args);
    },
  };
  const file = new PositionFile(path, fs);
  await file.read();
  await file.write('one');
  await file.write('one');
  expect(opened).toBe(1);
  isFull = true;
  await expect(file.write('two')).rejects.toThrow('no space');
  expect(await new PositionFile(path, fs).read()).toEqual({ status: 'ok', position: 'one' });
  isFull = false;
  await file.write('two');
  expect(await new PositionFile(path, fs).read()).toEqual({ status: 'ok', position: 'two' });
});
