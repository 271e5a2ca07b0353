import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DiscoveryFiles, FileSource } from '../../src/discovery/file-discovery.ts';
import { RefreshedDiscovery } from '../../src/discovery/refreshed-discovery.ts';
import { systemFiles } from '../../src/discovery/system-files.ts';
import { tempFolder } from '../temp-folder.ts';
import { DiscoveryWorld, until } from './world.ts';

const INTERVAL_MS = 300_000;

function start(world: DiscoveryWorld, patterns: readonly string[], files: DiscoveryFiles = systemFiles): void {
  const { clock, log } = world;
  const counts = world.counters.file;
  const config = { kind: 'file', files: patterns, refreshIntervalMs: INTERVAL_MS } as const;
  world.run(new RefreshedDiscovery(new FileSource(config, { files, log, counts }), { clock, log, counts }));
}

/** Files that are not watched. */
const unwatched: DiscoveryFiles = { ...systemFiles, watch: () => () => undefined };

describe('files of targets', () => {
  it('may be YAML and JSON, and are labelled with their path', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'a.yml'), '- targets: [a:1, b:1]\n  labels: {version: 1.10}\n');
    await writeFile(join(folder, 'b.json'), '[{"targets": ["c:1"], "labels": {"x": "y"}}]');
    await writeFile(join(folder, 'c.txt'), 'no such file');
    const world = new DiscoveryWorld();
    start(world, [join(folder, '*.yml'), join(folder, '*.json')], unwatched);
    await until(() => world.told.length > 0);
    expect(world.told[0]).toEqual([
      {
        source: `${folder}/a.yml:0`,
        labels: { version: '1.10', __meta_filepath: `${folder}/a.yml` },
        targets: [{ __address__: 'a:1' }, { __address__: 'b:1' }],
      },
      {
        source: `${folder}/b.json:0`,
        labels: { x: 'y', __meta_filepath: `${folder}/b.json` },
        targets: [{ __address__: 'c:1' }],
      },
    ]);
  });

  it('are read again when the interval is over, and only what has changed is told', async () => {
    const folder = await tempFolder();
    const world = new DiscoveryWorld();
    await writeFile(join(folder, 'a.yml'), '[{targets: [a:1]}, {targets: [b:1]}]');
    start(world, [join(folder, '*.yml')], unwatched);
    await until(() => world.clock.pendingTimers === 1);
    await writeFile(join(folder, 'a.yml'), '[{targets: [a:2]}]');
    await world.clock.advance(INTERVAL_MS);
    await until(() => world.told.length === 2);
    expect(world.told[1]?.map(({ source, targets }) => [source, targets])).toEqual([
      [`${folder}/a.yml:0`, [{ __address__: 'a:2' }]],
      [`${folder}/a.yml:1`, []],
    ]);
    await until(() => world.clock.pendingTimers === 1);
    await world.clock.advance(INTERVAL_MS);
    await until(() => world.clock.pendingTimers === 1);
    expect(world.told).toHaveLength(2);
  });

  it('are read soon after they change, as a ConfigMap is swapped', async () => {
    const folder = await tempFolder();
    const world = new DiscoveryWorld();
    start(world, [join(folder, 'a.yml')]);
    await until(() => world.told.length === 1);
    expect(world.told[0]).toEqual([]);
    await writeFile(join(folder, 'new'), '[{targets: [a:1]}]');
    await rename(join(folder, 'new'), join(folder, 'a.yml'));
    while (world.targets[`${folder}/a.yml:0`] === undefined) {
      await world.clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    // Far from the interval.
    expect(world.clock.monotonicMs()).toBeLessThan(INTERVAL_MS);
  });

  it('keep what they had while they cannot be read, and lose it when they are gone', async () => {
    const folder = await tempFolder();
    const world = new DiscoveryWorld();
    const file = join(folder, 'a.yml');
    await writeFile(file, '[{targets: [a:1]}]');
    start(world, [file], unwatched);
    const refresh = async (): Promise<void> => {
      await until(() => world.clock.pendingTimers === 1);
      await world.clock.advance(INTERVAL_MS);
      await until(() => world.clock.pendingTimers === 1);
    };
    await until(() => world.told.length === 1);
    await writeFile(file, '[{targets: [');
    await refresh();
    expect(world.targets).toEqual({ [`${file}:0`]: ['a:1'] });
    expect(world.counters.file.failures).toBe(1);
    expect(world.logged.join()).toContain('what it had before stays');
    await rm(file);
    await refresh();
    expect(world.targets).toEqual({});
  });

  it('may stand in a folder that is not there yet', async () => {
    const folder = await tempFolder();
    const world = new DiscoveryWorld();
    const file = join(folder, 'later', 'a.yml');
    start(world, [file]);
    await until(() => world.clock.pendingTimers === 1);
    await mkdir(join(folder, 'later'));
    await writeFile(file, '[{targets: [a:1]}]');
    await world.clock.advance(INTERVAL_MS);
    await until(() => world.told.length === 2);
    expect(world.targets).toEqual({ [`${file}:0`]: ['a:1'] });
  });
});
