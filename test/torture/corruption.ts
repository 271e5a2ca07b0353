import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from './random.ts';

/** Damages the checkpoints below a folder as a bad disk or a full one would.
 *  @returns whether there was one */
export function corruptCheckpoints(folder: string, random: Random, say: (what: string) => void): boolean {
  let isCorrupted = false;
  for (const path of filesBelow(folder)) {
    if (!/checkpoint/.test(path)) continue;
    isCorrupted = true;
    const bytes = readFileSync(path);
    const how = random.weighted({ flip: 3, cut: 2, empty: 1, noise: 1 });
    say(`  ${how} ${path.slice(folder.length)}`);
    if (how === 'flip' && bytes.length > 0) {
      const at = random.int(0, bytes.length - 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(0, 7));
      writeFileSync(path, bytes);
    } else if (how === 'cut') writeFileSync(path, bytes.subarray(0, random.int(0, bytes.length)));
    else writeFileSync(path, how === 'empty' ? '' : Buffer.alloc(300, random.int(0, 255)));
  }
  return isCorrupted;
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    // The agent has not made its folder yet.
    return [];
  }
}
