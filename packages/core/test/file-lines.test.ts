/** Lines of files, whatever pieces they are read in. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileLines } from '../src/file-lines.ts';
import { tempFolder } from './temp-folder.ts';

const { signal } = new AbortController();

async function linesOf(
  text: string | Buffer,
  maxLineBytes = 1000,
): Promise<readonly (readonly [number, string | undefined])[]> {
  const path = join(await tempFolder(), 'a.log');
  await writeFile(path, text);
  const lines: [number, string | undefined][] = [];
  for await (const { number, bytes } of fileLines(path, maxLineBytes, signal)) lines.push([number, bytes?.toString()]);
  return lines;
}

describe('lines of a file', () => {
  it('are numbered, empty ones too, and the last may have no newline', async () => {
    expect(await linesOf('a\n\nb\nc')).toEqual([
      [1, 'a'],
      [2, ''],
      [3, 'b'],
      [4, 'c'],
    ]);
    expect(await linesOf('a\n')).toEqual([[1, 'a']]);
    expect(await linesOf('')).toEqual([]);
  });

  it('are whole across reads, and passed over where they are too long', async () => {
    const long = 'x'.repeat(300_000);
    const lines = await linesOf(`a\n${long}\nb\n${long}`, 299_999);
    expect(lines).toEqual([
      [1, 'a'],
      [2, undefined],
      [3, 'b'],
      [4, undefined],
    ]);
    expect((await linesOf(`${long}\n${long}\n`, 300_000)).map(([, text]) => text?.length)).toEqual([300_000, 300_000]);
  });

  it('end where whoever reads them stops', async () => {
    const path = join(await tempFolder(), 'a.log');
    await writeFile(path, 'a\n'.repeat(100_000));
    for await (const { number } of fileLines(path, 10, signal)) if (number === 2) break;
    const ending = new AbortController();
    ending.abort(new Error('enough'));
    const read = async (): Promise<void> => {
      for await (const _ of fileLines(path, 10, ending.signal));
    };
    await expect(read()).rejects.toThrow();
    await expect(fileLines(`${path}.none`, 10, signal).next()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
