import { appendFileSync, mkdtempSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CatalogReaders } from '../../src/tail/catalog-reader.ts';
import { Descriptors } from '../../src/tail/descriptors.ts';
import { type ContainerLog, type Generation, SEAL_AFTER_MS } from '../../src/tail/generation.ts';
import { UnreadFiles } from '../../src/tail/unread-files.ts';
import { containerLog, generationOf } from './generations.ts';

describe('unread files', () => {
  let folder = '';
  let descriptors: Descriptors;
  let readers: CatalogReaders;
  let unread: UnreadFiles;
  let log: ContainerLog;
  let readTo: number;
  const limits = { maxOpenFiles: 2, deletedBytesLimit: 150 };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigie-unread-'));
    descriptors = new Descriptors(10);
    readers = new CatalogReaders();
    unread = new UnreadFiles(descriptors, readers);
    log = containerLog(join(folder, '0.log'));
    readTo = 0;
    readers.attach({
      changed: () => undefined,
      removed: () => undefined,
      position: () => readTo,
      finished: (generation) => readTo >= generation.sizeBytes,
    });
  });
  afterEach(() => {
    descriptors.closeAll();
    rmSync(folder, { recursive: true });
  });

  function file(name: string): Generation {
    const path = join(folder, name);
    appendFileSync(path, 'x'.repeat(100));
    const { dev, ino } = statSync(path, { bigint: true });
    const generation = generationOf(log, name, { path, inode: `${dev}:${ino}` });
    log.generations.push(generation);
    return generation;
  }

  function unlink(generation: Generation): void {
    if (generation.path !== undefined) unlinkSync(generation.path);
    generation.path = undefined;
  }

  it('are opened before anybody reads them, as many as may be', () => {
    const files = ['a', 'b', 'c'].map(file);
    unread.keepReachable(log, limits);
    expect(files.map((one) => descriptors.has(one))).toEqual([true, true, false]);
  });

  it('are not opened where there is nothing left to read, or nobody to read it', () => {
    const one = file('a');
    readTo = 100;
    unread.keepReachable(log, limits);
    expect(descriptors.has(one)).toBe(false);
    new UnreadFiles(descriptors, new CatalogReaders()).keepReachable(log, limits);
    expect(descriptors.has(one)).toBe(false);
  });

  it('are remembered without a name until every reader has finished with them', () => {
    const one = file('a');
    unread.keepReachable(log, limits);
    unlink(one);
    unread.forgetFinished(log, SEAL_AFTER_MS);
    expect(log.generations).toEqual([one]);
    readTo = 100;
    // Its writer may still add to it.
    unread.forgetFinished(log, SEAL_AFTER_MS - 1);
    expect(log.generations).toEqual([one]);
    unread.forgetFinished(log, SEAL_AFTER_MS);
    expect(log.generations).toEqual([]);
    expect(descriptors.size).toBe(0);
  });

  it('without a name are given up, oldest first, where they are more than may be kept', () => {
    const files = ['a', 'b'].map(file);
    unread.keepReachable(log, limits);
    for (const one of files) unlink(one);
    expect(unread.enforceLimit([log], limits)).toEqual([log]);
    expect(files.map(({ gone }) => gone)).toEqual(['deleted_budget', undefined]);
    expect(files.map((one) => descriptors.has(one))).toEqual([false, true]);
    expect(unread.enforceLimit([log], limits)).toEqual([]);
  });
});
