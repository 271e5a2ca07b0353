/** A machine of a test's own that has next to no memory left: QEMU's, without help of the processor, so that it runs wherever QEMU does. Its
 *  kernel, Debian's, has as much memory as the machine is given, and the one program on it takes that up. The machine of the test keeps its own. */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Impossible, until } from '../deadline.ts';
import { killLeashed, removeFolder, spawnLeashed, temporaryFolder } from '../leash.ts';
import { progress } from '../progress.ts';
import { builtOnce } from './cache.ts';
import { unpackDebianPackages, withDependencies, withOwnLibraries } from './debian.ts';
import { installNodePrograms } from './node-programs.ts';
import { runToEnd } from './run-to-end.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const INIT = fileURLToPath(new URL('./small-machine/init', import.meta.url));
const PURPOSE = 'a machine whose memory is full needs QEMU and a kernel';
/** With 128 the kernel is out of memory before a twentieth of it is left. */
const MEMORY_MIB = 256;
/** 8 s on an idle core. */
const START_TIMEOUT_MS = 120_000;
const SHOWN_LOG_CHARACTERS = 3000;

export interface SmallMachine {
  /** A folder with its /proc/meminfo, as its kernel told it within the last second. */
  readonly procFolder: string;
  /** Resolves when its memory is full. */
  full(): Promise<void>;
  stop(): Promise<void>;
}

export function startSmallMachine(): SmallMachine {
  const programs = builtOnce('small-machine', [THIS_FILE], (folder) => {
    const kernel = withDependencies(['linux-image-cloud-amd64']).filter((name) => /^linux-image-\d/.test(name));
    unpackDebianPackages([...withDependencies(['qemu-system-x86']), ...kernel], folder, PURPOSE);
    for (const unused of ['lib/modules', 'usr/lib/modules'])
      rmSync(join(folder, unused), { recursive: true, force: true });
  });
  const home = temporaryFolder('small-machine');
  const procFolder = join(home, 'proc');
  mkdirSync(procFolder);
  const child = spawnLeashed(
    withOwnLibraries(programs, ['usr/bin/qemu-system-x86_64'], PURPOSE),
    [
      ...['seabios', 'qemu'].flatMap((folder) => ['-L', join(programs, 'usr/share', folder)]),
      ...['-accel', 'tcg', '-m', `${MEMORY_MIB}M`, '-nodefaults', '-no-user-config', '-no-reboot'],
      ...['-display', 'none', '-serial', 'stdio'],
      ...['-kernel', kernelOf(programs), '-initrd', writeDisk(home), '-append', 'console=ttyS0 panic=-1 quiet'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  let isFull = false;
  let told: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!isFull) output += `${line}\n`;
      if (line === '# meminfo begins') told = [];
      else if (line !== '# meminfo ends') told.push(`${line}\n`);
      else {
        writeFileSync(join(home, 'meminfo'), told.join(''));
        renameSync(join(home, 'meminfo'), join(procFolder, 'meminfo'));
        if (!isFull)
          progress(`the small machine has its memory full: ${told.slice(0, 3).join('').replaceAll(/\s+/g, ' ')}`);
        isFull = true;
      }
    });
  return {
    procFolder,
    full: async () => {
      await until(
        'the small machine to have its memory full',
        START_TIMEOUT_MS,
        () => {
          if (child.exitCode !== null) throw new Impossible(`QEMU ended:\n${output}`);
          return isFull || undefined;
        },
        () => output.slice(-SHOWN_LOG_CHARACTERS),
      );
    },
    stop: async () => {
      await killLeashed(child);
      removeFolder(home);
    },
  };
}

function kernelOf(programs: string): string {
  const folder = join(programs, 'boot');
  const kernel = readdirSync(folder).find((name) => name.startsWith('vmlinuz-'));
  if (kernel === undefined) throw new Error(`${PURPOSE}: no vmlinuz in ${folder}`);
  return join(folder, kernel);
}

/** @returns an archive that the kernel unpacks into memory and begins with */
function writeDisk(home: string): string {
  const root = join(home, 'root');
  const folders = ['bin', 'dev', 'memory', 'proc'];
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  const { busybox } = installNodePrograms();
  const programs = { init: INIT, 'bin/busybox': busybox };
  for (const [name, file] of Object.entries(programs)) {
    copyFileSync(file, join(root, name));
    chmodSync(join(root, name), 0o755);
  }
  const archive = join(home, 'disk.cpio');
  const names = [...folders, ...Object.keys(programs)].join('\n');
  runToEnd(busybox, ['cpio', '-o', '-H', 'newc', '-F', archive], { cwd: root, input: names });
  return archive;
}
