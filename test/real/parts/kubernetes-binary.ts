import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from './cache.ts';
import { buildGoModule } from './go.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const [GO_MOD, GO_SUM, MAIN] = ['go.mod', 'go.sum', 'main.go'].map((name) =>
  fileURLToPath(new URL(`./kubernetes/${name}`, import.meta.url)),
) as [string, string, string];

/** As in go.mod. The components read their own version from the binary, and kubectl fails on one that is not set. */
const VERSION = { major: '1', minor: '36', patch: '3' };

/** The components of Kubernetes, and etcd, as one program: `PROGRAM kube-apiserver --flag …`, `PROGRAM kubectl get pods`.
 *  @returns the path of the program */
export function installKubernetes(): string {
  const folder = builtOnce('kubernetes', [GO_MOD, GO_SUM, MAIN, THIS_FILE], (unfinished) => {
    const { major, minor, patch } = VERSION;
    buildGoModule(GO_MOD, join(unfinished, 'kubernetes'), 'Kubernetes is built from its Go modules', {
      'k8s.io/component-base/version.gitVersion': `v${major}.${minor}.${patch}`,
      'k8s.io/component-base/version.gitMajor': major,
      'k8s.io/component-base/version.gitMinor': minor,
    });
  });
  return join(folder, 'kubernetes');
}
