/** In place of the disk, where nothing has to survive: what is written is gone, and there is nothing to read. */
import type { StateFile, StateFs } from '../state/state-fs.ts';

const file: StateFile = {
  write: async (_bytes, _offset, length) => ({ bytesWritten: length }),
  truncate: async () => undefined,
  sync: async () => undefined,
  close: async () => undefined,
};

class NoFileError extends Error {
  readonly code = 'ENOENT';
}

export const noDisk: StateFs = {
  mkdir: async () => undefined,
  readdir: async () => [],
  readFile: async (path) => {
    throw new NoFileError(`there is no file ${path}`);
  },
  open: async () => file,
  rename: async () => undefined,
  unlink: async () => undefined,
};
