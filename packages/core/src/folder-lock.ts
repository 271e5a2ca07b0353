/** One process for a folder: the others are told who has it. Node has no flock(2), and a number of a process says nothing
 *  where containers share a volume: each may have that number, and see none of the other's. So the lock is a Unix socket that
 *  its owner listens on. The kernel knows whether anyone does, also after kill -9 and from another container; not from
 *  another machine, over NFS. An abstract socket would end with the network namespace, which containers do not share. */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errorCode, VigieError } from './errors.ts';

/** `code` is FOLDER_IN_USE. Nothing in the folder has been read or changed. */
class FolderInUseError extends VigieError {
  readonly folder: string;

  /** @param owner as it says itself; undefined where it says nothing */
  constructor(folder: string, owner: string | undefined) {
    super(
      'FOLDER_IN_USE',
      `${folder} is in use by ${owner ?? 'another process'}: stop that one, or start this one with another data directory`,
    );
    this.folder = folder;
  }
}

export interface FolderLock {
  /** Others may have the folder. */
  release(): Promise<void>;
}

/** @param folder is made if it is missing
 *  @throws {VigieError} FOLDER_IN_USE when another process has it
 *  @throws what the file system throws, if it has no sockets for instance */
export type LockFolder = (folder: string) => Promise<FolderLock>;

const LOCK = 'lock';
/** Held by who takes a lock over that its owner has left behind: of several that start at once, one does. */
const TAKEOVER = 'lock.takeover';
/** Of a Unix socket, with its NUL. Source: unix(7), sun_path. */
const MAX_PATH_BYTES = 108;
/** For an owner to say who it is; it is the owner without an answer, too. */
const ANSWER_TIMEOUT_MS = 500;
const MAX_ANSWER = 256;

export const lockFolder: LockFolder = async (folder) => {
  await fs.mkdir(folder, { recursive: true });
  const directory = await fs.open(folder, 'r');
  const names = new SocketNames(folder, directory.fd);
  const own = `lock.${randomBytes(8).toString('hex')}`;
  let server: Server | undefined;
  try {
    // A socket has its name only once it listens: in between, it would look as one that nobody listens on.
    server = await listen(names.socket(own));
    await acquire(names, own);
  } catch (error) {
    if (server !== undefined) await end(server);
    await directory.close();
    throw error;
  } finally {
    await fs.unlink(names.file(own)).catch(() => undefined);
  }
  const held = server;
  let released: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    await fs.unlink(names.file(LOCK)).catch(() => undefined);
    await end(held);
    await directory.close();
  };
  return {
    release: () => {
      released ??= release();
      return released;
    },
  };
};

class SocketNames {
  readonly folder: string;
  readonly #fd: number;

  constructor(folder: string, fd: number) {
    this.folder = folder;
    this.#fd = fd;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** The same, short enough for a socket: where the path is long, by the open folder. */
  socket(name: string): string {
    const path = this.file(name);
    return Buffer.byteLength(path) < MAX_PATH_BYTES ? path : `/proc/self/fd/${this.#fd}/${name}`;
  }
}

async function acquire(names: SocketNames, own: string): Promise<void> {
  if (await tryLink(names, own, LOCK)) return;
  await refuseIfHeld(names, LOCK);
  while (!(await tryLink(names, own, TAKEOVER))) {
    await refuseIfHeld(names, TAKEOVER);
    await fs.unlink(names.file(TAKEOVER)).catch(ignoreMissing);
  }
  try {
    // Another one may have taken it over since.
    await refuseIfHeld(names, LOCK);
    await fs.unlink(names.file(LOCK)).catch(ignoreMissing);
    // One that has just started may be first all the same.
    if (!(await tryLink(names, own, LOCK))) throw new FolderInUseError(names.folder, undefined);
  } finally {
    await fs.unlink(names.file(TAKEOVER)).catch(ignoreMissing);
  }
}

/** @returns false where the name is taken */
async function tryLink(names: SocketNames, own: string, name: string): Promise<boolean> {
  try {
    await fs.link(names.file(own), names.file(name));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error;
}

/** @throws {VigieError} FOLDER_IN_USE when somebody listens on it, or when that cannot be told */
function refuseIfHeld(names: SocketNames, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(names.socket(name));
    let answer = '';
    const held = (): void => {
      socket.destroy();
      reject(new FolderInUseError(names.folder, answer === '' ? undefined : answer.slice(0, MAX_ANSWER)));
    };
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_TIMEOUT_MS, held);
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length >= MAX_ANSWER) held();
    });
    socket.on('end', held);
    socket.on('error', (error) => {
      const code = errorCode(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve();
      else held();
    });
  });
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(`process ${process.pid} of ${hostname()}`);
    });
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      // It is no reason to go on living.
      server.unref();
      resolve(server);
    });
  });
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
