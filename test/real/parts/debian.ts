import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { progress } from '../progress.ts';
import { runToEnd } from './run-to-end.ts';

/** Unpacks packages into `folder` and installs none, so that what the machine has stays as it is. Fetches their newest
 *  version of this Debian.
 *  @param purpose what needs them, for the sentence of the failure
 *  @throws {Error} that says what to install, where it cannot be done from here */
export function unpackDebianPackages(packages: readonly string[], folder: string, purpose: string): void {
  if (!existsSync('/usr/bin/dpkg') || !existsSync('/usr/bin/apt-get'))
    throw new Error(`${purpose}: this part unpacks Debian's packages, run it on Debian or Ubuntu`);
  const get = (): string => runToEnd('apt-get', ['download', '-qq', ...packages], { cwd: folder });
  try {
    get();
  } catch {
    updateLists();
    get();
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    runToEnd('dpkg', ['-x', file, folder], { cwd: folder });
    rmSync(join(folder, file));
  }
}

/** These packages, and of those that they need what this machine lacks or has in another version. */
export function withDependencies(packages: readonly string[]): readonly string[] {
  const simulate = (): string => runToEnd('apt-get', ['install', '-s', '-qq', '--no-install-recommends', ...packages]);
  let plan: string;
  try {
    plan = simulate();
  } catch {
    updateLists();
    plan = simulate();
  }
  return [...new Set([...packages, ...Array.from(plan.matchAll(/^Inst (\S+)/gm), ([, name = '']) => name)])];
}

/** A script that runs an unpacked program with the libraries that were unpacked with it.
 *  @param places where Debian's versions have it */
export function withOwnLibraries(root: string, places: readonly string[], purpose: string): string {
  const program = places.map((place) => join(root, place)).find((path) => existsSync(path));
  if (program === undefined) throw new Error(`${purpose}: no ${places.join(' or ')} in ${root}`);
  const script = `${program}.sh`;
  if (existsSync(script)) return script;
  const folders = ['usr/lib', 'lib'].map((place) => join(root, place)).filter((path) => existsSync(path));
  const triplets = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('-linux-gnu'))
      .map((name) => join(folder, name)),
  );
  const libraries = triplets.flatMap((folder) => [folder, join(folder, 'systemd')]).join(':');
  writeFileSync(script, `#!/bin/sh\nLD_LIBRARY_PATH=${libraries} exec ${program} "$@"\n`);
  chmodSync(script, 0o755);
  return script;
}

/** A fresh machine has no lists of packages, an old one has those of versions that are gone. */
function updateLists(): void {
  runToEnd('apt-get', ['update', '-qq']);
}

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
