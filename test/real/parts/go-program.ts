import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from './cache.ts';
import { runToEnd } from './run-to-end.ts';

const THIS_FILE = fileURLToPath(import.meta.url);

/** Prometheus' service discovery brings the client libraries of every cloud; these are enough here. */
const TAGS = 'remove_all_sd,enable_kubernetes_sd,enable_dns_sd,enable_consul_sd';

/** A program from Go modules, by the versions of `parts/NAME/go.mod` and the sums of its go.sum. Go itself is not installed.
 *  @param mainPackage of a module that go.mod requires
 *  @returns the binary */
export function goProgram(name: string, mainPackage: string): string {
  const module = fileURLToPath(new URL(`./${name}/`, import.meta.url));
  const pins = [join(module, 'go.mod'), join(module, 'go.sum')];
  const folder = builtOnce(name, [...pins, THIS_FILE], (unfinished) => {
    // At low priority, so that suites which do not need it go on meanwhile; a cache of its own, which goes with the build.
    const cache = join(unfinished, 'build-cache');
    const build = [
      'go',
      'build',
      '-mod=readonly',
      '-trimpath',
      '-tags',
      TAGS,
      '-ldflags',
      '-s -w',
      '-o',
      join(unfinished, name),
    ];
    runToEnd('nice', ['-n', '10', ...build, mainPackage], {
      cwd: module,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOGC: '400', GOCACHE: cache },
    });
    rmSync(cache, { recursive: true, force: true });
  });
  return join(folder, name);
}
