import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runToEnd } from './run-to-end.ts';

/** What the modules of the parts ask for in their go.mod. An older one that can fetch its own successor (from 1.21 on) does as well. */
const WANTED = 'Go 1.26 or later';
const OLDEST_THAT_UPGRADES_ITSELF = 21;

/** @throws {Error} that says what to install: a missing part fails a suite and never skips it */
function requireGo(purpose: string): void {
  const version = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).stdout ?? '';
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor < OLDEST_THAT_UPGRADES_ITSELF)
    throw new Error(`${purpose}: install ${WANTED} (https://go.dev/dl), then run this again`);
}

export interface GoBuildOptions {
  /** Of a module that go.mod requires; the package beside go.mod unless given. Of several, `output` is their folder. */
  readonly mainPackage?: string | readonly string[];
  readonly tags?: readonly string[];
  /** For what has to be fast when it runs: twice the CPU time of the build. */
  readonly optimized?: boolean;
}

/** Builds a program from the versions and sums that `goMod` and the go.sum beside it name. Go itself is not installed.
 *  @param output the binary, in a folder that the build has for itself
 *  @param purpose what needs it, for the sentence of the failure
 *  @param variables set in the binary, `k8s.io/component-base/version.gitVersion`: its value */
export function buildGoModule(
  goMod: string,
  output: string,
  purpose: string,
  variables: Readonly<Record<string, string>>,
  { mainPackage = '.', tags = [], optimized = false }: GoBuildOptions = {},
): void {
  requireGo(purpose);
  const values = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags', ['-s', '-w', ...values].join(' ')];
  if (tags.length > 0) flags.push('-tags', tags.join(','));
  // Without debug information either: half the CPU time of the build, and the tests do not notice.
  if (!optimized) flags.push('-gcflags=all=-N -l -dwarf=false');
  // A cache of several GB, which goes with the build.
  const cache = join(dirname(output), 'build-cache');
  // At low priority, so that suites which do not need it go on meanwhile.
  runToEnd('nice', ['-n', '10', 'go', 'build', ...flags, '-o', output, ...[mainPackage].flat()], {
    cwd: dirname(goMod),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOGC: '400', GOCACHE: cache },
  });
  rmSync(cache, { recursive: true, force: true });
}
