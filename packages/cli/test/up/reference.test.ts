/** The vigie.yaml of docs/reference/up.md is read. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { expect, it, onTestFinished } from 'vitest';
import { partsReader } from '../../src/up/parts.ts';
import { otlpAddresses, resolveSettings } from '../../src/up/settings.ts';

const PAGE = readFileSync(new URL('../../../../docs/reference/up.md', import.meta.url), 'utf8');
const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(PAGE) ?? [];

it('reads its vigie.yaml', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-up-page-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const configFile = join(folder, 'vigie.yaml');
  await writeFile(configFile, example);
  await writeFile(join(folder, 'alertmanager.yml'), 'route: { receiver: a }\nreceivers: [{ name: a }]\n');
  await mkdir(join(folder, 'rules'));
  const rules = '[{ alert: Down, expr: up == 0 }, { record: targets, expr: count(up) }]';
  await writeFile(join(folder, 'rules/a.yml'), `groups: [{ name: a, rules: ${rules} }]\n`);
  const options = { configFile, dataDir: folder, logs: [], elasticsearch: undefined, demo: undefined };
  const deps = {
    clock: systemClock,
    random: Math.random,
    env: {},
    version: '0.0.0',
    ownRules: join(folder, 'own.yaml'),
  };
  const { agent, parts } = await resolveSettings(options, {}, 'none', partsReader({}, deps));
  expect(otlpAddresses(agent)).toEqual(['127.0.0.1:4318']);
  expect(parts.collector.rules).toMatchObject({ groups: [{ rules: [{ name: 'targets' }] }], left: 1 });
  expect((await parts.alerting.loadAt('http://here')).groups).toMatchObject([{ rules: [{ name: 'Down' }] }]);
});
