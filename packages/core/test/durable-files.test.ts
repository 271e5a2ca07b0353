import { describe, expect, it } from 'vitest';
import { cutFile, syncFolder, writeWhole } from '../src/durable-files.ts';

describe('writing for good', () => {
  it('writes on where the system has taken fewer bytes than it was given', async () => {
    const disk = Buffer.alloc(12, '.');
    const file = {
      write: async (bytes: Uint8Array, offset: number, length: number, position: number) => {
        const bytesWritten = Math.min(3, length);
        disk.set(bytes.subarray(offset, offset + bytesWritten), position);
        return { bytesWritten };
      },
    };
    await writeWhole(file, Buffer.from('abcdefgh'), 2);
    expect(disk.toString()).toBe('..abcdefgh..');
  });

  it('closes a file whether or not it could be cut', async () => {
    for (const failure of [undefined, new Error('EIO')]) {
      const done: string[] = [];
      const file = {
        truncate: async (sizeBytes: number) => void done.push(`truncate ${sizeBytes}`),
        sync: async () => {
          done.push('sync');
          if (failure !== undefined) throw failure;
        },
        close: async () => void done.push('close'),
      };
      const cut = cutFile({ open: async () => file }, '/data/1', 12);
      await (failure === undefined ? cut : expect(cut).rejects.toBe(failure));
      expect(done).toEqual(['truncate 12', 'sync', 'close']);
    }
  });

  it('closes a folder whether or not it could be synced', async () => {
    for (const failure of [undefined, new Error('EIO')]) {
      const done: string[] = [];
      const folder = {
        sync: async () => {
          done.push('sync');
          if (failure !== undefined) throw failure;
        },
        close: async () => void done.push('close'),
      };
      const open = async (path: string) => {
        done.push(path);
        return folder;
      };
      const synced = syncFolder({ open }, '/data');
      await (failure === undefined ? synced : expect(synced).rejects.toBe(failure));
      expect(done).toEqual(['/data', 'sync', 'close']);
    }
  });
});
