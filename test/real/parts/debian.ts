import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { progress } from '../progress.ts';
import { runToEnd } from './run-to-end.ts';

/** Installs packages where this is Debian (or a child of it) and we are root.
 *  @param purpose what needs them, for the sentence of the failure
 *  @throws {Error} that says what to install, where it cannot be done from here: a missing part fails a suite and never skips it */
export function installDebianPackages(packages: readonly string[], purpose: string): void {
  const wanted = packages.join(' ');
  if (!existsSync('/usr/bin/apt-get'))
    throw new Error(`${purpose}: install ${wanted} (the names of Debian's packages), then run this again`);
  if (process.getuid?.() !== 0)
    throw new Error(`${purpose}: run \`sudo apt-get install -y ${wanted}\`, then run this again`);
  progress(`apt-get install ${wanted}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
  ]) {
    try {
      runToEnd('apt-get', args, { env: environment });
    } catch (error) {
      throw new Error(`${purpose}: install ${wanted} by hand, apt-get could not`, { cause: error });
    }
  }
}

/** @returns whether a program of that name can be run. */
export function commandExists(command: string, versionFlag = '--version'): boolean {
  return spawnSync(command, [versionFlag], { stdio: 'ignore' }).status === 0;
}
