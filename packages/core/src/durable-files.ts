/** Getting bytes and names onto a disk for good, through node:fs/promises or what has its shape. */

export interface WritableFile {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
}

export interface SyncableFolders {
  open(path: string, flags: 'r'): Promise<{ sync(): Promise<void>; close(): Promise<void> }>;
}

export interface CuttableFiles {
  open(
    path: string,
    flags: 'r+',
  ): Promise<{ truncate(sizeBytes: number): Promise<void>; sync(): Promise<void>; close(): Promise<void> }>;
}

/** Writes all the bytes: one call of the system may take fewer. */
export async function writeWhole(file: WritableFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Names made, renamed or removed in a folder are on the disk only after this. */
export async function syncFolder(fs: SyncableFolders, path: string): Promise<void> {
  const folder = await fs.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Cuts off what stands behind so many bytes. */
export async function cutFile(fs: CuttableFiles, path: string, sizeBytes: number): Promise<void> {
  const file = await fs.open(path, 'r+');
  try {
    await file.truncate(sizeBytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
