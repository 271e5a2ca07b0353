import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { filesIn } from '../../src/tail/folder-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigie-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const modifiedNs = (): bigint => statSync(folder, { bigint: true }).mtimeNs;
const never = (error: unknown): never => {
  throw error;
};

it('finds live files with what rotation made of them, and nothing else', () => {
  const names = ['0.log', '0.log.20261121-101112', '0.log.20261121-101112.gz', '1.log', '0.log.tmp', 'other'];
  for (const name of names) writeFileSync(join(folder, name), 'four');
  mkdirSync(join(folder, '0.log.20261121-101113'));
  symlinkSync('nowhere', join(folder, '0.log.20261121-101114'));
  const { byBase } = filesIn(folder, new Set(['0.log', '1.log']), modifiedNs(), never);
  expect(Array.from(byBase, ([base, files]) => [base, files.map(({ path }) => basename(path)).sort()])).toEqual([
    ['0.log', ['0.log', '0.log.20261121-101112', '0.log.20261121-101112.gz']],
    ['1.log', ['1.log']],
  ]);
  const files = byBase.get('0.log')?.map(({ live, gzip, plainPath, sizeBytes }) => {
    return { live, gzip, plain: basename(plainPath), sizeBytes };
  });
  expect(files).toContainEqual({ live: true, gzip: false, plain: '0.log', sizeBytes: 4 });
  expect(files).toContainEqual({ live: false, gzip: true, plain: '0.log.20261121-101112', sizeBytes: 4 });
});

it('is unsteady where the folder changed meanwhile, or a name led nowhere', () => {
  writeFileSync(join(folder, '0.log'), '');
  const bases = new Set(['0.log']);
  expect(filesIn(folder, bases, modifiedNs(), never).unsteady).toBe(false);
  expect(filesIn(folder, bases, modifiedNs() - 1n, never).unsteady).toBe(true);
  symlinkSync('nowhere', join(folder, '0.log.20261121-101114'));
  expect(filesIn(folder, bases, modifiedNs(), never).unsteady).toBe(true);
});

it('tells why a folder cannot be listed', () => {
  const errors: unknown[] = [];
  const missing = join(folder, 'gone');
  expect(filesIn(missing, new Set(['0.log']), 0n, (error) => errors.push(error))).toMatchObject({ unsteady: true });
  expect(errors).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
});
