import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { HttpListener } from '@vigie/core/http-server/listener';
import { createLog } from '@vigie/core/log';
import { createSinkRuntime } from '@vigie/log-pipeline/agent/sinks';
import { createTransform } from '@vigie/log-pipeline/agent/transforms';
import { tapRoute } from '@vigie/log-pipeline/tap/tap-route';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NodeAgent } from '../src/agent.ts';
import { createAgentMetrics } from '../src/agent-metrics.ts';
import { loadAgentConfig } from '../src/config.ts';

const log = createLog('error', { write: () => undefined });

const TRANSFORMS = `
  json: { type: parse_json, inputs: [files] }
  important: { type: filter, inputs: [json], condition: { level: error } }
  by_team: { type: route, inputs: [json], route: { shop: { team: shop } } }
  shop: { type: remap, inputs: [by_team.shop], add: { owner: shop } }
`;
const SINKS = ['all: [json]', 'few: [important]', 'shop_only: [shop, by_team._unmatched]'];

interface Bed {
  readonly url: string;
  readonly reload: () => Promise<void>;
  readonly write: (...lines: object[]) => void;
}

/** An agent that reads a file through transforms into three sinks, and the HTTP side of its taps. */
async function startBed(): Promise<Bed> {
  const root = mkdtempSync(join(tmpdir(), 'vigie-tap-'));
  const sinks = SINKS.map((sink) => {
    const [name = '', inputs = ''] = sink.split(': ');
    return `  ${name}: { type: file, inputs: ${inputs}, path: "${root}/${name}.ndjson", batch: { timeout: 5ms } }\n`;
  });
  const file = join(root, 'agent.yaml');
  writeFileSync(
    file,
    `data_dir: "${root}/data"
sources:
  files: { type: file, paths: ["${root}/*.log"], reconcile_interval: 50ms }
transforms:${TRANSFORMS}sinks:
${sinks.join('')}`,
  );
  const read = () => loadAgentConfig(file, {}, undefined);
  const world = { clock: systemClock, random: Math.random, env: {}, version: '0.0.0', log };
  const config = await read();
  const agent = new NodeAgent(config, {
    ...world,
    metrics: createAgentMetrics(),
    print: () => undefined,
    identity: { nodeName: 'n1', self: { namespace: undefined, name: undefined } },
    kernel: undefined,
    createTransform,
    createSink: (name, section) => createSinkRuntime(name, section, world),
  });
  const ending = new AbortController();
  await agent.start(ending.signal);
  let url = '';
  const listener = new HttpListener(
    { name: 'http', ...config.listen, address: { host: '127.0.0.1', port: 0 } },
    [tapRoute(agent)],
    {
      clock: systemClock,
      log,
      print: (line) => {
        url = /http:\S+/.exec(line)?.[0] ?? '';
      },
    },
  );
  await listener.start();
  onTestFinished(async () => {
    await listener.close({ graceMs: 0 });
    await agent.close(AbortSignal.timeout(5000));
    rmSync(root, { recursive: true });
  });
  return {
    url: `${url.replace(/\/$/, '')}/tap`,
    reload: async () => agent.reload(await read(), ending.signal),
    write: (...lines) =>
      appendFileSync(join(root, 'app.log'), lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
  };
}

interface TapLine {
  readonly message: string;
  readonly path: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Opens a tap.
 *  @returns its lines, once the agent ends it */
async function openTap(url: string, query: string): Promise<{ readonly lines: Promise<TapLine[]> }> {
  const response = await fetch(`${url}?${query}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/x-ndjson');
  const lines = response.text().then((text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line): TapLine => JSON.parse(line)),
  );
  return { lines };
}

const ERROR = { level: 'error', team: 'shop', message: 'payment failed' };
const INFO = { level: 'info', team: 'search', message: 'indexed' };

describe('tap', () => {
  test.each([
    ['files', [{ message: JSON.stringify(INFO) }, { message: JSON.stringify(ERROR) }]],
    ['json', [{ fields: { team: 'search' } }, { fields: { team: 'shop' } }]],
    ['important', [{ fields: { level: 'error' } }]],
    ['by_team', [{ fields: { team: 'search' } }, { fields: { team: 'shop' } }]],
    ['shop', [{ fields: { team: 'shop', owner: 'shop' } }]],
    ['all', [{ fields: { team: 'search' } }, { fields: { team: 'shop' } }]],
    ['few', [{ fields: { level: 'error' } }]],
  ])('at %s shows each record once, as it is there', async (component, expected) => {
    const bed = await startBed();
    const { lines } = await openTap(bed.url, `component=${component}&limit=${expected.length}`);
    bed.write(INFO, ERROR);
    const shown = await lines;
    expect(shown).toMatchObject(expected);
    expect(shown[0]?.path).toMatch(/app\.log$/);
  });

  test('goes on over a reload', async () => {
    const bed = await startBed();
    const { lines } = await openTap(bed.url, 'component=important&limit=2');
    bed.write(ERROR);
    await bed.reload();
    bed.write(ERROR);
    expect(await lines).toHaveLength(2);
  });

  test.each([
    [
      'component=nope',
      'component: expected one of files, json, important, by_team, shop, all, few, shop_only, got "nope"',
    ],
    ['', 'got ""'],
    ['component=json&limit=0', 'limit: expected a whole number from 1'],
    ['component=json&rate=2000', 'rate: expected a whole number from 1 to 1000, got "2000"'],
  ])('refuses %s', async (query, error) => {
    const { url } = await startBed();
    const response = await fetch(`${url}?${query}`);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toContain(error);
  });

  test('only so many at once; one that goes away makes room', async () => {
    const { url } = await startBed();
    const open = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const leaving = new AbortController();
        await fetch(`${url}?component=json`, { signal: leaving.signal });
        return leaving;
      }),
    );
    expect((await fetch(`${url}?component=json`)).status).toBe(429);
    open[0]?.abort();
    for (;;) {
      const leaving = new AbortController();
      const { status } = await fetch(`${url}?component=json`, { signal: leaving.signal });
      leaving.abort();
      if (status === 200) break;
      expect(status).toBe(429);
    }
    for (const leaving of open) leaving.abort();
  });
});
