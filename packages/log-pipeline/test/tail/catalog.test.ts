import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Clock } from '@vigie/core/clock';
import { FakeClock } from '@vigie/core/fake-clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Catalog, type CatalogOptions } from '../../src/tail/catalog.ts';
import type { ContainerLog } from '../../src/tail/generation.ts';

describe('a catalog', () => {
  let folder = '';
  let live = '';
  let catalog: Catalog;
  const clock = new FakeClock(Date.now());
  /** Of passes to come, ms. */
  let delays: number[] = [];
  const recordingClock: Clock = {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    setTimer: (delayMs, fire) => {
      if (delayMs >= 10_000) delays.push(delayMs);
      return clock.setTimer(delayMs, fire);
    },
  };

  beforeEach(() => {
    delays = [];
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'vigie-catalog-')));
    live = join(folder, 'app.log');
    catalog = new Catalog(options(), {
      clock: recordingClock,
      reports: {
        error: (what, path, error) => expect.fail(`${what} ${path}: ${String(error)}`),
        rotated: () => undefined,
      },
    });
  });
  afterEach(async () => {
    await catalog.close();
    rmSync(folder, { recursive: true });
  });

  function options(): CatalogOptions {
    return {
      paths: [live],
      reconcileIntervalMs: 10_000,
      accepts: () => true,
      maxOpenFiles: 10,
      deletedBytesLimit: 1_000_000,
    };
  }

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

  it('knows whose log it is that a checkpoint knows, though its live file has just been renamed', async () => {
    const pods = join(folder, 'pods', 'shop_web-0_1b4e28ba-2fa1-11d2-883f-0016d3cca427', 'app');
    const key = join(pods, '0.log');
    mkdirSync(pods, { recursive: true });
    mkdirSync(join(folder, 'containers'));
    writeFileSync(`${key}.20261121-100000`, 'first\n');
    symlinkSync(key, join(folder, 'containers', `web-0_shop_app-${'c0de'.repeat(16)}.log`));
    await catalog.reconfigure({ ...options(), paths: [join(folder, 'containers', '*.log')] });
    expect(catalog.logs.size).toBe(0);
    await catalog.adopt([key]);
    expect(catalog.logs.get(key)).toMatchObject({
      displayPath: key,
      pod: { namespace: 'shop', podName: 'web-0' },
      container: { containerId: 'c0de'.repeat(16) },
      generations: [{ path: `${key}.20261121-100000` }],
    });
  });

  it('looks at everything a third as often where nothing happens, and as often as before once something does', async () => {
    writeFileSync(live, 'first\n');
    await catalog.start();
    expect(delays).toEqual([10_000]);
    await vi.waitFor(async () => {
      await clock.advance(10_000);
      expect(delays.at(-1)).toBe(30_000);
    });
    appendFileSync(live, 'second\n');
    await vi.waitFor(() => expect(delays.at(-1)).toBe(10_000));
  });
});
