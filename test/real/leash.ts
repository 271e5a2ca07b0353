/** Ends what a suite started, also when the suite itself is killed: a guard process holds the list, sees its stdin close, and ends the rest. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let guard: ChildProcess | undefined;

function tellGuard(line: string): void {
  if (guard === undefined) {
    const program = fileURLToPath(new URL('./leash-guard.mjs', import.meta.url));
    // A group of its own: Ctrl-C in the terminal must not end it before it has done its work.
    guard = spawn(process.execPath, [program], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
    guard.unref();
  }
  guard.stdin?.write(`${line}\n`);
}

/** Starts a program in a process group of its own that does not outlive this process. */
export function spawnLeashed(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, { ...options, detached: true });
  const { pid } = child;
  if (pid === undefined) return child;
  tellGuard(`hold ${pid}`);
  child.once('exit', () => tellGuard(`release ${pid}`));
  return child;
}

/** Kills the whole group of a child of spawnLeashed with SIGKILL and waits until it is gone. */
export async function killLeashed(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  process.kill(-child.pid, 'SIGKILL');
  await gone;
}

/** A new folder for one part of one suite. VIGIE_REAL_KEEP=1 leaves it behind, to look into after a failure. */
export function temporaryFolder(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `vigie-real-${name}-`));
  if (process.env.VIGIE_REAL_KEEP === undefined) tellGuard(`folder ${path}`);
  return path;
}

/** Removes a folder of temporaryFolder before the suite ends, where it is large. */
export function removeFolder(path: string): void {
  if (process.env.VIGIE_REAL_KEEP === undefined) rmSync(path, { recursive: true, force: true });
}

/** A new cgroup in every hierarchy that is mounted, with which a suite's own end.
 *  @returns its name, in the root of each
 *  @throws {Error} that says what is missing, where none can be made */
export function leashCgroup(): string {
  const name = basename(mkdtempSync(join(tmpdir(), 'vigie-real-cgroup-')));
  tellGuard(`folder ${join(tmpdir(), name)}`);
  const mounts = readFileSync('/proc/self/mounts', 'utf8').matchAll(/^\S+ (\S+) cgroup2? /gm);
  for (const [, root = ''] of mounts) {
    try {
      mkdirSync(join(root, name));
    } catch (error) {
      const wanted = 'give this machine, or the container that it is, cgroups that root may write';
      throw new Error(`a Kubernetes node needs cgroups: ${wanted}, then run this again`, { cause: error });
    }
    tellGuard(`cgroup ${join(root, name)}`);
  }
  return name;
}
