/** The file system of this host, for file discovery. */
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { globFiles } from '@vigie/rules/file/glob-files';
import type { DiscoveryFiles } from './file-discovery.ts';

export const systemFiles: DiscoveryFiles = {
  glob: (pattern) => globFiles(pattern, '/'),
  read: (file) => readFile(file, 'utf8'),
  watch(folder, changed) {
    try {
      const watcher = watch(folder, { persistent: false }, changed);
      // A folder that is removed; the refresh of the interval finds its successor.
      watcher.on('error', () => watcher.close());
      return () => watcher.close();
    } catch {
      // Not there, or no watch left: the interval is what remains.
      return () => undefined;
    }
  },
};
