import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { FileSystemSizes } from '../../src/host-metrics/host.ts';
import { HostMetrics } from '../../src/host-metrics/host-metrics.ts';
import { hostMetricsSection } from '../../src/host-metrics/host-metrics-config.ts';
import { HostMetricsCounters } from '../../src/host-metrics/host-metrics-counters.ts';
import { recordedDeps, recordedPaths, SIZES } from './recorded-host.ts';

const log = createLog('error', { write: () => undefined });

function metricsOf(config: object, deps = recordedDeps()) {
  const counters = new HostMetricsCounters();
  const section = v.parse(hostMetricsSection, { ...recordedPaths('vm'), ...config });
  return { counters, metrics: new HostMetrics(section, { ...deps, log, counters }) };
}

/** Values of a metric by what stands between its braces. */
function valuesOf(page: string, name: string): Record<string, number> {
  const lines = page.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'));
  return Object.fromEntries(Array.from(lines, ([, labels = '', value]) => [labels, Number(value)]));
}

/** A call that returns when it is told to. */
function heldCall() {
  const calls: string[] = [];
  let release: (sizes: FileSystemSizes) => void = () => undefined;
  const statfs = (path: string): Promise<FileSystemSizes> => {
    calls.push(path);
    return new Promise((resolve) => {
      release = resolve;
    });
  };
  return { calls, statfs, release: () => release(SIZES) };
}

/** Lets a fake clock's time pass until the promise is settled. */
async function settledAfter<T>(pending: Promise<T>, clock: FakeClock, stepMs: number): Promise<T> {
  let isSettled = false;
  const settled = (): void => {
    isSettled = true;
  };
  pending.then(settled, settled);
  for (let turn = 0; !isSettled && turn < 100; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!isSettled) clock.advance(stepMs);
  }
  return pending;
}

describe('the page of a host', () => {
  it('is as recorded, with the names, types and words of node_exporter', async () => {
    const { metrics } = metricsOf({});
    await expect(await metrics.expose()).toMatchFileSnapshot('../../testdata/host-metrics/vm/expected.txt');
  });

  it('of metal too', async () => {
    const collectors = ['bonding', 'cpu', 'diskstats', 'mdadm', 'stat'];
    const { metrics } = metricsOf({ ...recordedPaths('metal'), collectors });
    await expect(await metrics.expose()).toMatchFileSnapshot('../../testdata/host-metrics/metal/expected.txt');
  });

  it('has the collectors that are asked for and no others', async () => {
    const { metrics } = metricsOf({ collectors: ['loadavg', 'filefd'] });
    const page = await metrics.expose();
    expect(valuesOf(page, 'node_scrape_collector_success')).toEqual({
      'collector="loadavg"': 1,
      'collector="filefd"': 1,
    });
    expect(page).not.toContain('node_cpu');
  });

  it('shows a collector without success where the host has nothing of the kind', async () => {
    const { metrics, counters } = metricsOf({ collectors: ['bonding', 'mdadm'] });
    expect(valuesOf(await metrics.expose(), 'node_scrape_collector_success')).toEqual({
      'collector="bonding"': 0,
      'collector="mdadm"': 0,
    });
    expect([...counters.failures()]).toEqual([]);
  });

  it('goes on without a collector that fails, and counts it', async () => {
    const { metrics, counters } = metricsOf({ procfs: '/nowhere', collectors: ['stat', 'time'] });
    const page = await metrics.expose();
    expect(valuesOf(page, 'node_scrape_collector_success')).toEqual({ 'collector="stat"': 0, 'collector="time"': 1 });
    expect([...counters.failures()]).toEqual([{ collector: 'stat', reason: 'error', count: 1 }]);
  });

  it('is made once for all who ask while it is made', async () => {
    const { metrics, counters } = metricsOf({ collectors: ['loadavg'] });
    const [first, second] = await Promise.all([metrics.expose(), metrics.expose()]);
    expect(second).toBe(first);
    expect(counters.scrapes).toBe(1);
    await metrics.expose();
    expect(counters.scrapes).toBe(2);
  });
});

describe('a file system that hangs', () => {
  it('is an error of its device, and holds up neither the page nor the others', async () => {
    const held = heldCall();
    const clock = new FakeClock();
    const statfs = (path: string): Promise<FileSystemSizes> =>
      path === '/gone' ? held.statfs(path) : Promise.resolve(SIZES);
    const { metrics } = metricsOf({ collectors: ['filesystem'] }, { ...recordedDeps(statfs), clock });
    const errors = async (): Promise<Record<string, number>> =>
      valuesOf(await settledAfter(metrics.expose(), clock, 1000), 'node_filesystem_device_error');

    const gone = 'device="server:/export",mountpoint="/mnt/gone",fstype="nfs4"';
    const disk = 'device="/dev/vda",mountpoint="/",fstype="ext4"';
    expect(await errors()).toMatchObject({ [gone]: 1, [disk]: 0 });
    expect(await errors()).toMatchObject({ [gone]: 1, [disk]: 0 });
    // It has not come back: nobody asks it again.
    expect(held.calls).toEqual(['/gone']);
    held.release();
    await new Promise((resolve) => setImmediate(resolve));
    const healed = metrics.expose();
    await expect.poll(() => held.calls.length).toBe(2);
    held.release();
    expect(valuesOf(await healed, 'node_filesystem_device_error')).toMatchObject({ [gone]: 0 });
  });

  it('takes no more than two threads of the pool, however many hang', async () => {
    const held = heldCall();
    const clock = new FakeClock();
    const { metrics } = metricsOf({ collectors: ['filesystem'] }, { ...recordedDeps(held.statfs), clock });
    const page = await settledAfter(metrics.expose(), clock, 1000);
    expect(held.calls).toHaveLength(2);
    expect(Object.values(valuesOf(page, 'node_filesystem_device_error'))).toEqual([1, 1, 1, 1]);
  });
});

describe('a file that cannot be read', () => {
  it('costs the page its collector until it returns, counted, and nothing else', async () => {
    const clock = new FakeClock();
    const deps = { ...recordedDeps(), clock };
    let reads = 0;
    let release: () => void = () => undefined;
    const readFile = (path: string): Promise<string> => {
      if (!path.endsWith('/loadavg')) return deps.fs.readFile(path);
      reads++;
      return new Promise((resolve) => {
        release = () => resolve('0.31 0.84 1.34 2/252 27671');
      });
    };
    const { metrics, counters } = metricsOf(
      { collectors: ['loadavg', 'filefd'], timeout: '1s' },
      { ...deps, fs: { ...deps.fs, readFile } },
    );
    for (const reason of ['timeout', 'hanging']) {
      const page = await settledAfter(metrics.expose(), clock, 1000);
      expect(page).toContain('node_filefd_allocated');
      expect(page).not.toContain('node_load1');
      expect([...counters.failures()].at(-1)).toEqual({ collector: 'loadavg', reason, count: 1 });
    }
    expect(reads).toBe(1);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    const again = metrics.expose();
    await expect.poll(() => reads).toBe(2);
    release();
    expect(valuesOf(await again, 'node_load5')).toEqual({ '': 0.84 });
  });
});
