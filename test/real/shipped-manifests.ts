/** The manifests of deploy/, applied as they are shipped but for what a test has to change. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { temporaryFolder } from './leash.ts';
import { at, stringAt } from './rest.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
const SHIPPED_ENDPOINT = 'http://elasticsearch.logging.svc:9200';

/** Folders of what delivers logs, and where the ConfigMap is that counts in each. */
const CONFIG_MAPS = {
  'node-agent': 'node-agent',
  'overlays/node-agent-kubelet': 'node-agent',
  'overlays/node-agent-otlp': 'overlays/node-agent-otlp',
  'sidecar-ship': 'sidecar-ship',
} as const;

/** @param changes members of a kustomization besides
 *  @returns a folder for `kubectl apply -k` that refers to `deploy/FOLDER` and puts another endpoint into its ConfigMap */
export function shippedManifests(folder: keyof typeof CONFIG_MAPS, endpoint: string, changes: object = {}): string {
  const shipped = shippedFile(`${CONFIG_MAPS[folder]}/config-map.yaml`);
  const [[file] = ['']] = Object.entries(at(shipped, 'data') ?? {});
  const text = stringAt(shipped, 'data', file);
  if (!text.includes(SHIPPED_ENDPOINT)) throw new Error(`the ConfigMap does not name ${SHIPPED_ENDPOINT}`);
  const patch = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: stringAt(shipped, 'metadata', 'name'), namespace: stringAt(shipped, 'metadata', 'namespace') },
    data: { [file]: text.replace(SHIPPED_ENDPOINT, endpoint) },
  };
  return overlayOf(folder, { ...changes, patches: [{ patch: JSON.stringify(patch) }] });
}

/** @param changes members of a kustomization besides `resources`
 *  @returns a folder for `kubectl apply -k` that refers to `deploy/FOLDER` */
export function overlayOf(folder: string, changes: object): string {
  const home = temporaryFolder('manifests');
  symlinkSync(DEPLOY, join(home, 'deploy'));
  mkdirSync(join(home, 'overlay'));
  const kustomization = { resources: [`../deploy/${folder}`], ...changes };
  writeFileSync(join(home, 'overlay/kustomization.yaml'), JSON.stringify(kustomization));
  return join(home, 'overlay');
}

/** A file of `deploy/`, parsed. */
export function shippedFile(path: string): unknown {
  return parse(readFileSync(join(DEPLOY, path), 'utf8'));
}
