import { lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import picomatch from 'picomatch';
import type { FolderListings, Listed } from './folder-listings.ts';
import { parseRotatedName } from './rotated-name.ts';

export interface GlobMatch {
  readonly path: string;
  readonly isLink: boolean;
  /** Nothing has this name, and this file, which matches or not, had it last: its writer renamed it, and has not written since.
   *  undefined where something has. */
  readonly renamedTo: string | undefined;
}

export interface GlobResult {
  readonly matches: readonly GlobMatch[];
  /** Folders whose listing decided the result: watching them tells of new matches. */
  readonly folders: readonly string[];
  /** Folders that could not be listed, other than by not being there. */
  readonly errors: readonly { readonly folder: string; readonly error: unknown }[];
}

/** Expands one absolute pattern (`*`, `?`, `[…]`, `{a,b}` within a segment, `**` for any depth).
 *  Cost: one listing per folder that the pattern leads to.
 *  @param breathe called between folders; its promise lets other work run on a tree of 10,000 folders */
export async function expandGlob(
  pattern: string,
  listings: FolderListings,
  breathe: () => Promise<void> | undefined,
): Promise<GlobResult> {
  const matches: GlobMatch[] = [];
  const folders = new Set<string>();
  const errors: { folder: string; error: unknown }[] = [];
  const segments = pattern.split('/').filter((segment) => segment !== '');

  const list = (folder: string): readonly Listed[] => {
    try {
      const listed = listings.list(folder);
      folders.add(listed === undefined ? nearestFolder(folder) : folder);
      return listed ?? [];
    } catch (error) {
      errors.push({ folder, error });
      return [];
    }
  };
  const isFolder = ({ kind }: Listed, path: string): boolean =>
    kind === 'folder' || (kind === 'link' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);

  const walk = async (folder: string, index: number): Promise<void> => {
    await breathe();
    const segment = segments[index];
    if (segment === undefined) return;
    const last = index === segments.length - 1;
    if (segment === '**') {
      await walk(folder, index + 1);
      for (const entry of list(folder)) {
        if (entry.kind === 'folder') await walk(join(folder, entry.name), index);
      }
      return;
    }
    if (!/[*?[\]{}()!+@]/.test(segment)) {
      const path = join(folder, segment);
      if (!last) return walk(path, index + 1);
      folders.add(nearestFolder(folder));
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat?.isFile() === true || stat?.isSymbolicLink() === true) {
        matches.push({ path, isLink: stat.isSymbolicLink(), renamedTo: undefined });
        return;
      }
    }
    if (last) {
      for (const match of matchesIn(folder, list(folder), segment)) matches.push(match);
      return;
    }
    const accepts = matcherOf(segment);
    for (const entry of list(folder)) {
      if (!accepts(entry.name)) continue;
      const path = join(folder, entry.name);
      if (isFolder(entry, path)) await walk(path, index + 1);
    }
  };
  await walk('/', 0);
  return { matches, folders: [...folders], errors };
}

/** The folder itself, or the deepest one above it that exists: where its coming will show. */
function nearestFolder(folder: string): string {
  let nearest = folder;
  while (nearest !== '/' && statSync(nearest, { throwIfNoEntry: false })?.isDirectory() !== true) {
    nearest = dirname(nearest);
  }
  return nearest;
}

/** Of listings that stayed as they are, by last segment. */
const known = new WeakMap<readonly Listed[], Map<string, readonly GlobMatch[]>>();

/** @returns the same objects as long as the folder's listing stays the same one */
function matchesIn(folder: string, listed: readonly Listed[], segment: string): readonly GlobMatch[] {
  const bySegment = known.get(listed) ?? new Map<string, readonly GlobMatch[]>();
  known.set(listed, bySegment);
  let matches = bySegment.get(segment);
  if (matches === undefined) {
    const accepts = matcherOf(segment);
    matches = [
      ...listed
        .filter(({ name, kind }) => (kind === 'file' || kind === 'link') && accepts(name))
        .map(({ name, kind }) => ({ path: join(folder, name), isLink: kind === 'link', renamedTo: undefined })),
      ...renamedIn(folder, listed, accepts),
    ];
    bySegment.set(segment, matches);
  }
  return matches;
}

/** Logs of which only rotated files are there. */
function renamedIn(
  folder: string,
  listed: readonly Listed[],
  accepts: (name: string) => boolean,
): readonly GlobMatch[] {
  const newest = new Map<string, { readonly name: string; readonly order: string }>();
  for (const { name, kind } of listed) {
    const rotated = kind === 'file' ? parseRotatedName(name) : undefined;
    if (rotated === undefined || rotated.gzip || !accepts(rotated.base)) continue;
    const { base, order } = rotated;
    if (order > (newest.get(base)?.order ?? '')) newest.set(base, { name, order });
  }
  for (const { name } of listed) newest.delete(name);
  return Array.from(newest, ([base, { name }]) => ({
    path: join(folder, base),
    isLink: false,
    renamedTo: join(folder, name),
  }));
}

/** Compiled once: a pass over 10,000 folders asks 20,000 times. As many as configurations have segments. */
const matchers = new Map<string, (name: string) => boolean>();

function matcherOf(segment: string): (name: string) => boolean {
  let matcher = matchers.get(segment);
  if (matcher === undefined) {
    matcher = picomatch(segment);
    matchers.set(segment, matcher);
  }
  return matcher;
}
