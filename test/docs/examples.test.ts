/** The agent.yaml files in the reference are loaded as the agent would, and their tests run; those of a sidecar are loaded. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLog } from '@vigie/core/log';
import { loadAgentConfig } from '@vigie/node-agent/config';
import { runConfigTests } from '@vigie/node-agent/config-tests/run-tests';
import { serviceDeps } from '@vigie/node-agent/run';
import { loadShipConfig } from '@vigie/sidecar/ship/config';
import { afterAll, describe, expect, it } from 'vitest';

const REFERENCE = fileURLToPath(new URL('../../docs/reference/', import.meta.url));
const KERNEL = fileURLToPath(new URL('../../packages/log-pipeline/dist/kernel.wasm', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'vigie-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pages = readdirSync(REFERENCE, { recursive: true, encoding: 'utf8' }).filter((page) => page.endsWith('.md'));
const examples = pages.flatMap((page) =>
  Array.from(
    readFileSync(join(REFERENCE, page), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm),
    ([, yaml = '']) => yaml,
  )
    .filter((yaml) => /^sources:/m.test(yaml) && /^sinks:/m.test(yaml))
    .map((yaml, index) => ({ page, number: index + 1, yaml })),
);
const isOfSidecar = ({ page }: { readonly page: string }): boolean => page === 'sidecar-ship.md';

describe.each(examples.filter(isOfSidecar))('$page, example $number', ({ number, yaml }) => {
  it('is a configuration of vigie sidecar ship', async () => {
    const file = join(folder, `sidecar.${number}.yaml`);
    writeFileSync(file, yaml);
    await expect(loadShipConfig(file, {}, { listen: undefined, files: [] })).resolves.toBeDefined();
  });
});

describe.each(examples.filter((example) => !isOfSidecar(example)))('$page, example $number', ({
  page,
  number,
  yaml,
}) => {
  it('is a configuration whose tests pass', async () => {
    const file = join(folder, `${page.replaceAll('/', '-')}.${number}.yaml`);
    writeFileSync(file, yaml);
    const environment = Object.fromEntries(Array.from(yaml.matchAll(/\$\{(\w+)\}/g), ([, name = '']) => [name, 'x']));
    const config = await loadAgentConfig(file, environment, undefined);
    if (page.startsWith('transforms/')) expect(config.tests).not.toEqual([]);
    const read = () => Promise.resolve(config);
    const deps = await serviceDeps(config, read, { version: '0.0.0', kernelPath: KERNEL }, createLog('error'));
    const outcomes = await runConfigTests(config, deps);
    expect(outcomes.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`))).toEqual([]);
  });
});

const components = pages.filter((page) =>
  /^# (Source|Transform|Sink) /.test(readFileSync(join(REFERENCE, page), 'utf8')),
);

it.each(components)('%s has an example', (page) => {
  expect(examples.map((example) => example.page)).toContain(page);
});
