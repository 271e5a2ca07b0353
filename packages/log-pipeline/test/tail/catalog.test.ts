import { appendFileSync, copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FakeClock } from '@vigie/core/fake-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/tail/catalog.ts';
import type { ContainerLog } from '../../src/tail/generation.ts';

describe('a catalog', () => {
  let folder = '';
  let live = '';
  let catalog: Catalog;
  const clock = new FakeClock();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigie-catalog-'));
    live = join(folder, 'app.log');
    catalog = new Catalog(
      {
        paths: [live],
        reconcileIntervalMs: 10_000,
        accepts: () => true,
        maxOpenFiles: 10,
        deletedBytesLimit: 1_000_000,
      },
      {
        clock,
        reports: {
          error: (what, path, error) => expect.fail(`${what} ${path}: ${String(error)}`),
          rotated: () => undefined,
        },
      },
    );
  });
  afterEach(async () => {
    await catalog.close();
    rmSync(folder, { recursive: true });
  });

  function log(): ContainerLog {
    const found = catalog.logs.get(live);
    if (found === undefined) throw new Error('the log was not found');
    return found;
  }

  const names = (): (string | undefined)[] => log().generations.map(({ path }) => path && basename(path));

  it('puts what was copied and begun anew while it read an archive after the copy', async () => {
    writeFileSync(live, '');
    await catalog.start();
    appendFileSync(live, 'first\n');
    writeFileSync(`${live}.2.gz`, gzipSync('older\n'));
    const look = catalog.scanFolder(folder);
    // It has listed the folder, and inflates the archive's first line.
    copyFileSync(live, `${live}.1`);
    truncateSync(live);
    appendFileSync(live, 'second\n');
    await look;
    expect(log().generations.every(({ head }) => head === undefined)).toBe(true);
    await catalog.scanFolder(folder);
    expect(names()).toEqual(['app.log.2.gz', 'app.log.1', 'app.log']);
    expect(log().generations.map(({ head }) => head?.prefix.toString())).toEqual(['older\n', 'first\n', 'second\n']);
  });
});
