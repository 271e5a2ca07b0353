import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ConfigMap, type IConfigMap } from 'kubernetes-models/v1';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let image: string;

/** The files that the last stage copies, laid out as in the image: `npm test` has built them. */
beforeAll(async () => {
  image = await mkdtemp(join(tmpdir(), 'vigie-image-'));
  const dockerfile = await readFile(join(ROOT, 'deploy/images/vigie.Dockerfile'), 'utf8');
  const copies = Array.from(dockerfile.matchAll(/^COPY --from=build \/src\/(\S+) (\S+)$/gm));
  expect(copies.length).toBeGreaterThan(0);
  for (const [, from = '', to = ''] of copies) await cp(join(ROOT, from), join(image, to), { recursive: true });
});
afterAll(() => rm(image, { recursive: true }));

/** The command that the image has in its PATH. */
function vigie(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [join(image, 'usr/local/bin/vigie'), ...args], { cwd: image });
}

it('runs from the files of the image alone, without node_modules', async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect((await vigie('--version')).stdout).toBe(`${version}\n`);
  const daemonSet = await readFile(join(ROOT, 'deploy/node-agent/daemon-set.yaml'), 'utf8');
  expect(daemonSet).toContain(`image: vigie/vigie:${version}`);
});

it('accepts the configuration of the manifest', async () => {
  const manifest: unknown = parse(await readFile(join(ROOT, 'deploy/node-agent/config-map.yaml'), 'utf8'));
  if (!ConfigMap.is(manifest)) throw new Error('not a ConfigMap');
  const { data = {} }: IConfigMap = manifest;
  const file = join(image, 'agent.yaml');
  await writeFile(file, data['agent.yaml'] ?? '');
  expect((await vigie('check', 'node-agent', file)).stdout).toContain('ok');
});

it('injects what the webhook of the manifests would', async () => {
  const pod = {
    kind: 'Pod',
    metadata: { annotations: { 'vigie.io/inject': 'stream', 'vigie.io/paths': 'app=/var/log/app/*.log' } },
    spec: { containers: [{ name: 'app', securityContext: { runAsUser: 1000 } }] },
  };
  await writeFile(join(image, 'pod.yaml'), JSON.stringify(pod));
  const manifest: unknown = parse(await readFile(join(ROOT, 'deploy/sidecar-webhook/config-map.yaml'), 'utf8'));
  if (!ConfigMap.is(manifest)) throw new Error('not a ConfigMap');
  const { data = {} }: IConfigMap = manifest;
  await writeFile(join(image, 'webhook.yaml'), data['webhook.yaml'] ?? '');
  const { stdout } = await vigie('sidecar', 'inject', '-f', 'pod.yaml', '--config', 'webhook.yaml');
  expect(stdout).toContain(
    `image: vigie/vigie:${JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).version}`,
  );
});
