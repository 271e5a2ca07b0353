import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@vigie/core/config/load';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { SourceRuntime } from '@vigie/log-pipeline/agent/source-runtime';
import { allFilesBut } from '@vigie/log-pipeline/agent/source-section';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ShipConfig, shipSchema } from '../../src/ship/config.ts';
import { OwnPod } from '../../src/ship/own-pod.ts';

const LABELS_CHECKED_AFTER_MS = 30_000;

function configOf(source: string, sink: string): ShipConfig {
  const text = `sources:\n  files: ${source}\nsinks:\n  out: ${sink}\n`;
  return parseConfig(text, 'sidecar.yaml', shipSchema, {}).value;
}

const CONSOLE = '{ type: console, inputs: [files] }';

async function bed(config: ShipConfig, env: Readonly<Record<string, string>>) {
  const clock = new FakeClock();
  const logged: string[] = [];
  const log = createLog('debug', { write: (line) => void logged.push(line) });
  const pods = new OwnPod({ clock, log, env });
  const [section] = Object.values(config.sources);
  if (section?.type !== 'file') throw new Error('not a source of files');
  const source = new SourceRuntime('files', section, () => allFilesBut([]), { clock, log, nodeName: 'n1' });
  await source.catalog.start();
  onTestFinished(async () => {
    await pods.close();
    await source.catalog.close();
  });
  const changed: string[] = [];
  pods.connect({ sources: () => [source], changed: (_source, { displayPath }) => changed.push(displayPath) });
  await pods.configure(config);
  pods.attach(source, config);
  const factsOf = (path: string) => {
    const found = [...source.catalog.logs.values()].find(({ displayPath }) => displayPath === path);
    if (found === undefined) throw new Error(`${path} is not found`);
    return source.facts(found);
  };
  return { clock, logged, changed, pods, factsOf };
}

function folderOf(...files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-own-pod-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const file of files) writeFileSync(join(folder, file), 'a line\n');
  return folder;
}

describe('the pod of a sidecar', () => {
  it('is that of all its files and of all that is pushed', async () => {
    const folder = folderOf('a.log');
    const env = { POD_NAME: 'web-0', POD_UID: 'u0', CONTAINER_NAME: 'web' };
    const { factsOf, pods } = await bed(configOf(`{ type: file, paths: ["${folder}/*"] }`, CONSOLE), env);
    const pod = { podName: 'web-0', podUid: 'u0', containerName: 'web' };
    expect(factsOf(join(folder, 'a.log'))).toMatchObject({ ...pod, path: join(folder, 'a.log') });
    expect(pods.facts()).toMatchObject(pod);
  });

  it('has the container that the source names, else the one whose folder it is, else that of the environment', async () => {
    const root = folderOf();
    const container = folderOf('a.log');
    const env = { CONTAINER_NAME: 'web', CONTAINER_LOGS_DIR: join(container, '..') };
    const paths = `paths: ["${container}/*"]`;
    const byPath = await bed(configOf(`{ type: file, ${paths} }`, CONSOLE), env);
    const name = container.slice(join(container, '..').length + 1);
    expect(byPath.factsOf(join(container, 'a.log')).containerName).toBe(name);
    const named = await bed(configOf(`{ type: file, ${paths}, container: api }`, CONSOLE), env);
    expect(named.factsOf(join(container, 'a.log')).containerName).toBe('api');
    const elsewhere = await bed(configOf(`{ type: file, ${paths} }`, CONSOLE), { ...env, CONTAINER_LOGS_DIR: root });
    expect(elsewhere.factsOf(join(container, 'a.log')).containerName).toBe('web');
  });

  it('tells of its files when its labels are others, and only then', async () => {
    const folder = folderOf('a.log');
    const labels = join(folderOf(), 'labels');
    writeFileSync(labels, 'app="web"');
    const config = configOf(`{ type: file, paths: ["${folder}/*"] }`, CONSOLE);
    const { clock, changed, factsOf } = await bed(config, { POD_LABELS_FILE: labels });
    await clock.advance(LABELS_CHECKED_AFTER_MS);
    expect(changed).toEqual([]);
    writeFileSync(labels, 'app="web-2"');
    await clock.advance(LABELS_CHECKED_AFTER_MS);
    expect(changed).toEqual([join(folder, 'a.log')]);
    expect(factsOf(join(folder, 'a.log')).labels).toEqual({ app: 'web-2' });
  });

  it.each([
    ['deterministic', {}, 1],
    ['deterministic', { POD_UID: 'u0' }, 0],
    ['none', {}, 0],
  ])('warns where ids are to be %s and its uid is not known: %j', async (id, env, warnings) => {
    const folder = folderOf('a.log');
    const sink = `{ type: elasticsearch, inputs: [files], endpoints: ["http://x"], index: logs, id: ${id} }`;
    const { logged } = await bed(configOf(`{ type: file, paths: ["${folder}/*"] }`, sink), env);
    expect(logged.filter((line) => line.includes('POD_UID is not set'))).toHaveLength(warnings);
  });
});
