/** Remote write into a real Prometheus: sender and receiver are killed and started again, and every sample arrives once. */
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@vigie/core/random';
import { buildSync } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { inForm } from './form.ts';
import { spawnLeashed, temporaryFolder } from './leash.ts';
import { type RealPrometheus, startPrometheus } from './parts/prometheus.ts';
import { progress } from './progress.ts';
import { fixedSeed } from './seeded.ts';

const KILLS = inForm(3, 12);
/** As the program has them. */
const SERIES = 300;
const FIRST_MS = 1_700_000_000_000;

function buildSender(folder: string): string {
  const outfile = join(folder, 'sender.cjs');
  const program = new URL('../../packages/collector/test/remote-write/endless-sender.ts', import.meta.url);
  buildSync({ entryPoints: [fileURLToPath(program)], outfile, bundle: true, platform: 'node', format: 'cjs' });
  return outfile;
}

/** @returns the last batch whose append had returned when it was killed */
async function sendUntilKilled(
  args: readonly string[],
  batches: number,
  halfway: () => Promise<void>,
): Promise<number> {
  const child = spawnLeashed(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null || child.pid === undefined) throw new Error('the sender did not start');
  const exited = once(child, 'exit');
  let count = 0;
  let last = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    count++;
    if (count === batches >> 1) await halfway();
    if (count >= batches) process.kill(-child.pid, 'SIGKILL');
  }
  await exited;
  return last;
}

async function ask({ url }: RealPrometheus, query: string, atMs: number): Promise<unknown> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}&time=${atMs / 1000}`);
  const body: unknown = await answer.json();
  if (answer.status !== 200) throw new Error(JSON.stringify(body));
  return Reflect.get(Object(Reflect.get(Object(body), 'data')), 'result');
}

describe('remote write into Prometheus', () => {
  const random = seededRandom(fixedSeed());

  // Without an out-of-order window: what is sent twice is refused, in 1.0 with all that comes with it.
  test.each([
    ['1.0', '0s'],
    ['2.0', '0s'],
    ['1.0', '1h'],
  ])('loses nothing over restarts of either side, protocol %s, out-of-order window %s', async (version, window) => {
    const prometheus = await startPrometheus({ outOfOrderWindow: window });
    const home = temporaryFolder('remote-write');
    const program = buildSender(home);
    const args = [program, home, `${prometheus.url}/api/v1/write`, version];
    let last = -1;
    for (let kill = 0; kill < KILLS; kill++) {
      const batches = 60 + Math.floor(random() * 120);
      last = await sendUntilKilled([...args, String(last + 1)], batches, () => prometheus.restart());
      progress(`sender killed after batch ${last}`);
    }
    const drain = spawnLeashed(process.execPath, [...args, 'drain'], { stdio: 'inherit' });
    const [code] = await once(drain, 'exit');
    expect(code).toBe(0);
    const atMs = FIRST_MS + (last + 10) * 1_000;
    const range = `[${last + 60}s]`;
    const [steady] = Object(await ask(prometheus, `requests_total{pod="pod-17",cluster="c1"}${range}`, atMs));
    const values: unknown = Reflect.get(Object(steady), 'values');
    const wanted = Array.from({ length: last + 1 }, (_, batch) => [
      (FIRST_MS + batch * 1_000) / 1_000,
      String(batch * SERIES + 17),
    ]);
    expect(Array.isArray(values) ? values.slice(0, last + 1) : values).toEqual(wanted);
    const [total] = Object(await ask(prometheus, `sum(count_over_time(requests_total${range}))`, atMs));
    const [, samples] = Object(Reflect.get(Object(total), 'value'));
    expect(Number(samples)).toBeGreaterThanOrEqual((last + 1) * SERIES);
    await prometheus.stop();
  });
});
