/** The agent's metrics of this machine beside those of the real node_exporter: name by name, label by label, value by value. */
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentProcess, startAgentAs, writeConfig } from './agent-process.ts';
import { temporaryFolder } from './leash.ts';
import { type RealNodeExporter, startNodeExporter } from './parts/node-exporter.ts';

/** Collectors of Debian's node_exporter 1.5 that are not ours: docs/reference/host-metrics.md says so. */
const NOT_OURS =
  /^(go_|process_|promhttp_|node_(cooling_device|dmi|edac|exporter|hwmon|infiniband|ipvs|nfs|nfsd|nvme|os|power_supply|rapl|selinux|textfile|thermal_zone|timex|xfs|zfs)_)/;
/** Since 1.6 node_exporter leaves compressed memory out of its disks, as we do. */
const OLDER = /device="zram\d+"/;
/** Labels that later versions have added. */
const NEWER = /^(adminstate|rotational)$/;
/** Ours divide once where node_exporter multiplies and adds. */
const ROUNDING = 1e-12;
/** What moves between two scrapes whichever way: by this share, and this much besides. */
const SHARE = 0.25;
const BESIDES = { bytes: 256 << 20, other: 50 };

interface Metric {
  readonly type: string;
  readonly help: string;
  /** Values by labels, sorted and without empty ones. */
  readonly samples: ReadonlyMap<string, number>;
}

let agent: AgentProcess;
let exporter: RealNodeExporter;
let pages: {
  readonly before: Map<string, Metric>;
  readonly ours: Map<string, Metric>;
  readonly after: Map<string, Metric>;
};

beforeAll(async () => {
  const folder = temporaryFolder('host-metrics');
  const config = writeConfig(folder, {
    data_dir: folder,
    host_metrics: {},
    sources: { none: { type: 'file', paths: [`${folder}/*.log`] } },
    sinks: { out: { type: 'file', inputs: ['none'], path: `${folder}/out.ndjson` } },
  });
  exporter = await startNodeExporter();
  agent = await startAgentAs({ NODE_NAME: hostname() }, config);
  const ours = new URL('/metrics/node', agent.url).href;
  // The first page loads the code, and would be far from its neighbours.
  await read(ours);
  pages = { before: await read(exporter.url), ours: await read(ours), after: await read(exporter.url) };
});

afterAll(async () => {
  await agent?.kill9();
  await exporter?.stop();
});

async function read(url: string): Promise<Map<string, Metric>> {
  const page = await (await fetch(url)).text();
  const metrics = new Map<string, Metric>();
  for (const [, name = '', help = '', type = '', lines = ''] of page.matchAll(
    /^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n((?:[^#].*\n)*)/gm,
  )) {
    const samples = Array.from(lines.matchAll(/^\S+?(?:\{(.*)\})? (\S+)$/gm), ([, labels = '', value]) => {
      const present = labels.match(/[a-z_]+="(?:[^"\\]|\\.)+"/g) ?? [];
      const known = present.filter((label) => !NEWER.test(label.slice(0, label.indexOf('='))));
      return [known.sort().join(','), Number(value)] as const;
    });
    metrics.set(name, { type, help, samples: new Map(samples) });
  }
  return metrics;
}

function theirs(): [string, Metric][] {
  return [...pages.before].filter(([name]) => !NOT_OURS.test(name));
}

describe('beside node_exporter', () => {
  test('every metric has its name, type and help text', () => {
    const names = theirs().filter(([, { samples }]) => [...samples.keys()].some((labels) => !OLDER.test(labels)));
    expect(names.length).toBeGreaterThan(150);
    const described = names.map(([name, { type, help }]) => ({ name, type, help }));
    expect(
      described.map(({ name }) => ({ name, type: pages.ours.get(name)?.type, help: pages.ours.get(name)?.help })),
    ).toEqual(described);
  });

  test('every series has its labels', () => {
    const series = theirs().flatMap(([name, { samples }]) =>
      [...samples.keys()].filter((labels) => !OLDER.test(labels)).map((labels) => `${name}{${labels}}`),
    );
    const ours = new Set(
      Array.from(pages.ours, ([name, { samples }]) => [...samples.keys()].map((labels) => `${name}{${labels}}`)).flat(),
    );
    // Each has its own collectors.
    const missing = series.filter((one) => !ours.has(one) && !one.startsWith('node_scrape_collector_'));
    expect(missing).toEqual([]);
  });

  test('counters lie between its values before and after, gauges near them', () => {
    const wrong: string[] = [];
    let compared = 0;
    for (const [name, { type, samples }] of theirs()) {
      if (name.startsWith('node_scrape_')) continue;
      for (const [labels, before] of samples) {
        const ours = pages.ours.get(name)?.samples.get(labels);
        const after = pages.after.get(name)?.samples.get(labels);
        if (ours === undefined || after === undefined) continue;
        compared++;
        const room =
          type === 'counter'
            ? ROUNDING * after
            : SHARE * Math.abs(after) + (name.endsWith('_bytes') ? BESIDES.bytes : BESIDES.other);
        const [low, high] = [Math.min(before, after) - room, Math.max(before, after) + room];
        if (ours < low || ours > high) wrong.push(`${name}{${labels}}: ${ours}, theirs ${before} and ${after}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(200);
  });

  test('file systems have their sizes', () => {
    // Debian leaves out some mount points more than node_exporter itself.
    const [ours, real] = [pages.ours, pages.after].map((page) => page.get('node_filesystem_size_bytes')?.samples ?? []);
    expect([...(real ?? [])].length).toBeGreaterThan(0);
    expect([...(ours ?? [])]).toEqual(expect.arrayContaining([...(real ?? [])]));
  });
});
