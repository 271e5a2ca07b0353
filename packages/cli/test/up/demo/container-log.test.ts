import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FakeClock } from '@vigie/core/fake-clock';
import { parseContainerLink, parsePodLogPath } from '@vigie/log-pipeline/tail/pod-path';
import { parseRotatedName } from '@vigie/log-pipeline/tail/rotated-name';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ContainerLog, MAX_LOG_FILES, ROTATE_AT_BYTES } from '../../../src/up/demo/container-log.ts';

const PLACE = { namespace: 'shop', pod: 'web-1', podUid: '6f1d3c52-0b8e-4a57-9c3e-1f1a2b7d9e10', container: 'nginx' };

let root: string;
let clock: FakeClock;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vigie-demo-'));
  clock = new FakeClock();
});
afterEach(() => rm(root, { recursive: true }));

const links = (): Promise<string[]> => readdir(join(root, 'containers'));
const logs = (): Promise<string[]> =>
  readdir(join(root, 'pods', `${PLACE.namespace}_${PLACE.pod}_${PLACE.podUid}`, PLACE.container));

it('lies where the kubelet would have it, with a link named after the container', async () => {
  const log = await ContainerLog.start(root, PLACE, clock);
  await log.close();
  const [link = ''] = await links();
  expect(parseContainerLink(link)).toMatchObject({ namespace: 'shop', podName: 'web-1', containerName: 'nginx' });
  const target = await realpath(join(root, 'containers', link));
  expect(target).toBe(await realpath(log.path));
  expect(parsePodLogPath(target)).toEqual({
    namespace: 'shop',
    podName: 'web-1',
    podUid: PLACE.podUid,
    containerName: 'nginx',
    restartCount: 0,
  });
});

it('counts restarts and keeps the log of one dead container', async () => {
  for (let run = 0; run < 4; run++) {
    const log = await ContainerLog.start(root, PLACE, clock);
    await log.write([{ stream: 'stdout', text: `run ${run}` }]);
    await log.close();
  }
  expect((await logs()).sort()).toEqual(['2.log', '3.log']);
  const targets = await Promise.all((await links()).map((link) => readFile(join(root, 'containers', link), 'utf8')));
  expect(targets.map((text) => text.trim().split(' F ')[1]).sort()).toEqual(['run 2', 'run 3']);
});

it('gives every line a time of its own, in order', async () => {
  const log = await ContainerLog.start(root, PLACE, clock);
  await log.write([
    { stream: 'stdout', text: 'a' },
    { stream: 'stdout', text: 'b' },
  ]);
  await clock.advance(1);
  await log.write([{ stream: 'stdout', text: 'c' }]);
  await log.close();
  const times = (await readFile(log.path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  expect(new Set(times).size).toBe(3);
  expect(times).toEqual([...times].sort());
});

it('rotates when it is full, and the files that are kept hold the newest lines without a gap', async () => {
  const log = await ContainerLog.start(root, PLACE, clock);
  const filler = 'x'.repeat(8000);
  const written = Math.ceil((ROTATE_AT_BYTES * 7.5) / filler.length);
  for (let n = 0; n < written; n++) {
    await log.write([{ stream: 'stdout', text: `${n} ${filler}` }]);
    await clock.advance(1000);
    await log.rotateIfDue();
  }
  await log.close();
  const names = (await logs()).sort();
  expect(names.length).toBe(MAX_LOG_FILES);
  expect(names.slice(1).map((name) => parseRotatedName(name)?.gzip)).toEqual([true, true, true, false]);
  const [live = '', ...rotated] = await Promise.all(names.map((name) => readLog(join(log.path, '..', name))));
  const numbers = Array.from([...rotated, live].join('').matchAll(/ F (\d+) x/g), ([, n]) => Number(n));
  const oldest = numbers[0] ?? Number.NaN;
  expect(numbers).toEqual(Array.from({ length: written - oldest }, (_, index) => oldest + index));
});

async function readLog(path: string): Promise<string> {
  const bytes = await readFile(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
}
