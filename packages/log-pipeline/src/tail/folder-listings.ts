import { readdirSync, statSync } from 'node:fs';
import type { Clock } from '@vigie/core/clock';

export interface Listed {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

/** Two changes within one tick of the file system's clock (4 ms on ext4, 2 s on some network mounts) leave one
 *  time behind: a listing is only trusted later if the folder had been quiet for longer when it was made. */
export const QUIET_MS = 2_500;

/** Listings of folders, made again only when the folder's time says that it changed: a pass over 10,000 pods that
 *  stay as they are costs one stat each and no garbage. */
export class FolderListings {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly modifiedNs: bigint; readonly entries: readonly Listed[] }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns undefined where there is no such folder
   *  @throws what else the file system has against it */
  list(folder: string): readonly Listed[] | undefined {
    const stat = statSync(folder, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined || !stat.isDirectory()) {
      this.#known.delete(folder);
      return undefined;
    }
    const known = this.#known.get(folder);
    if (known?.modifiedNs === stat.mtimeNs) return known.entries;
    const entries = readdirSync(folder, { withFileTypes: true }).map(
      (entry): Listed => ({
        name: entry.name,
        kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'other',
      }),
    );
    if (this.#clock.nowMs() - Number(stat.mtimeMs) > QUIET_MS) {
      this.#known.set(folder, { modifiedNs: stat.mtimeNs, entries });
    } else this.#known.delete(folder);
    return entries;
  }

  /** Lets go of folders that no pattern leads to any more. */
  keepOnly(folders: ReadonlySet<string>): void {
    for (const folder of this.#known.keys()) if (!folders.has(folder)) this.#known.delete(folder);
  }
}
