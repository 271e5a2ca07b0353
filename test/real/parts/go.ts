import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
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

/** Builds the main package of the module that `goMod` defines, from the versions and sums that lie beside it.
 *  @param purpose what needs it, for the sentence of the failure
 *  @param variables set in the binary, `k8s.io/component-base/version.gitVersion`: its value */
export function buildGoModule(
  goMod: string,
  output: string,
  purpose: string,
  variables: Readonly<Record<string, string>>,
): void {
  requireGo(purpose);
  const values = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  // Unoptimized and without debug information: half the CPU time of the build, and the tests do not notice.
  const flags = ['-trimpath', '-buildvcs=false', '-gcflags=all=-N -l -dwarf=false'];
  runToEnd('go', ['build', ...flags, '-ldflags', ['-s', '-w', ...values].join(' '), '-o', output, '.'], {
    cwd: dirname(goMod),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOGC: '400' },
  });
}
