import type { ContainerLog, Generation } from '../../src/tail/generation.ts';

export function containerLog(key = '/a/0.log'): ContainerLog {
  return {
    key,
    folder: key.slice(0, key.lastIndexOf('/')),
    base: key.slice(key.lastIndexOf('/') + 1),
    displayPath: key,
    pod: undefined,
    container: undefined,
    generations: [],
    initial: true,
  };
}

/** A rotated file of 100 bytes that is at rest, or other as a test wants. */
export function generationOf(log: ContainerLog, head: string, about: Partial<Generation> = {}): Generation {
  return {
    id: 1,
    log,
    path: log.key,
    inode: '1:1',
    encoding: 'plain',
    order: '2',
    live: false,
    head: { length: 10, hash: head, prefix: Buffer.alloc(0) },
    sizeBytes: 100,
    certainBytes: 100,
    cutFromBytes: undefined,
    changedNs: 0n,
    grownAtMs: 0,
    gone: undefined,
    suspect: false,
    ...about,
  };
}
