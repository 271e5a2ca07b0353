import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FoundFile } from './found-file.ts';
import { parseRotatedName } from './rotated-name.ts';

/** What one look at a folder found. */
export interface FolderFiles {
  /** By the name of the live file whose generations they are. */
  readonly byBase: ReadonlyMap<string, readonly FoundFile[]>;
  /** It changed while it was looked at, or could not be listed: what seems missing may be there. */
  readonly unsteady: boolean;
}

/** Whether the same names lead to the same files. */
export function areSameFiles(some: readonly FoundFile[], others: readonly FoundFile[]): boolean {
  if (some.length !== others.length) return false;
  const inodes = new Map(some.map((file) => [file.path, file.inode]));
  return others.every((file) => inodes.get(file.path) === file.inode);
}

/** Files of the logs that live in a folder, with those that rotation made of them.
 *  @param bases names of the live files
 *  @param modifiedNs the folder's time, taken before
 *  @param failed told why it could not be listed
 *  @throws what `stat` throws but ENOENT */
export function filesIn(
  folder: string,
  bases: ReadonlySet<string>,
  modifiedNs: bigint,
  failed: (error: unknown) => void,
): FolderFiles {
  const byBase = new Map<string, FoundFile[]>();
  let unsteady = false;
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch (error) {
    failed(error);
    unsteady = true;
  }
  for (const name of names) {
    const live = bases.has(name);
    const rotated = live ? undefined : parseRotatedName(name);
    const base = live ? name : rotated?.base;
    if (base === undefined || !bases.has(base)) continue;
    const path = join(folder, name);
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) {
      unsteady = true;
      continue;
    }
    if (!stat.isFile()) continue;
    const files = byBase.get(base) ?? [];
    byBase.set(base, files);
    files.push({
      path,
      live,
      gzip: rotated?.gzip ?? false,
      plainPath: join(folder, rotated?.plain ?? name),
      order: rotated?.order ?? '2',
      inode: `${stat.dev}:${stat.ino}`,
      sizeBytes: Number(stat.size),
      modifiedMs: Number(stat.mtimeMs),
      changedNs: stat.ctimeNs,
    });
  }
  const after = statSync(folder, { bigint: true, throwIfNoEntry: false });
  return { byBase, unsteady: unsteady || after?.mtimeNs !== modifiedNs };
}
