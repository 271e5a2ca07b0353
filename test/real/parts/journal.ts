/** A systemd journal made of entries that a test thinks of, and the real journalctl that reads it. */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../leash.ts';
import { builtOnce } from './cache.ts';
import { unpackDebianPackages, withDependencies, withOwnLibraries } from './debian.ts';
import { runToEnd } from './run-to-end.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const PURPOSE = 'journals are made by systemd-journal-remote and read by journalctl';

/** Of one entry, by name. */
export type JournalFields = Readonly<Record<string, string | Buffer>>;

export interface RealJournal {
  /** For journalctl's `--directory`. */
  readonly folder: string;
  /** The program. */
  readonly journalctl: string;
  /** Adds entries to the live file. Each needs `__REALTIME_TIMESTAMP`, `__MONOTONIC_TIMESTAMP` and `_BOOT_ID`. */
  append(entries: readonly JournalFields[]): void;
  /** The live file gets its name among the old ones, as journald does it; what comes then is in a new one. */
  rotate(): void;
  /** Removes the oldest rotated file, as journald does where it takes too much room.
   *  @returns whether there was one */
  removeOldest(): boolean;
}

interface Programs {
  readonly journalctl: string;
  readonly remote: string;
}

/** journald has a folder for each machine. */
const MACHINE_ID = '0123456789abcdef0123456789abcdef';
const LIVE = 'system.journal';

export function createJournal(): RealJournal {
  const { journalctl, remote } = installJournal();
  const root = temporaryFolder('journal');
  const folder = join(root, MACHINE_ID);
  mkdirSync(folder);
  const rotated = (): string[] =>
    readdirSync(folder)
      .filter((name) => name.startsWith('system@'))
      .sort();
  let rotations = 0;
  return {
    folder: root,
    journalctl,
    append: (entries) => {
      runToEnd(remote, [`--output=${join(folder, LIVE)}`, '-'], { input: Buffer.concat(entries.map(exportEntry)) });
    },
    rotate: () => {
      // journald's names hold an id of the sequence, and the first entry's number and time, all in hexadecimal.
      const number = String(++rotations).padStart(16, '0');
      renameSync(join(folder, LIVE), join(folder, `system@${'0'.repeat(32)}-${number}-${number}.journal`));
    },
    removeOldest: () => {
      const [oldest] = rotated();
      if (oldest !== undefined) rmSync(join(folder, oldest));
      return oldest !== undefined;
    },
  };
}

/** As https://systemd.io/JOURNAL_EXPORT_FORMATS/ has it. Boot and times are read from text alone. */
function exportEntry(fields: JournalFields): Buffer {
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    const bytes = Buffer.from(value);
    if (!bytes.some((byte) => byte < 0x20)) return [Buffer.from(`${name}=`), bytes, Buffer.from('\n')];
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    return [Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')];
  });
  return Buffer.concat([...parts, Buffer.from('\n')]);
}

/** Both of one version, unpacked, whatever systemd the machine has. */
function installJournal(): Programs {
  const root = builtOnce('journal', [THIS_FILE], (folder) => {
    unpackDebianPackages(withDependencies(['systemd', 'systemd-journal-remote']), folder, PURPOSE);
  });
  return {
    journalctl: withOwnLibraries(root, ['usr/bin/journalctl', 'bin/journalctl'], PURPOSE),
    remote: withOwnLibraries(
      root,
      ['usr/lib/systemd/systemd-journal-remote', 'lib/systemd/systemd-journal-remote'],
      PURPOSE,
    ),
  };
}
