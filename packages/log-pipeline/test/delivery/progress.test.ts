import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { type Hold, Progress } from '../../src/delivery/progress.ts';
import type { ContainerLog, Generation } from '../../src/tail/generation.ts';

function generation(): Generation {
  const log: ContainerLog = {
    key: '/a/0.log',
    folder: '/a',
    base: '0.log',
    displayPath: '/a/0.log',
    pod: undefined,
    container: undefined,
    generations: [],
    initial: true,
  };
  return {
    id: 1,
    log,
    path: log.key,
    inode: '1:1',
    encoding: 'plain',
    order: '2',
    live: true,
    head: undefined,
    sizeBytes: 0,
    certainBytes: 0,
    cutFromBytes: undefined,
    changedNs: 0n,
    grownAtMs: 0,
    gone: undefined,
    suspect: false,
  };
}

describe('Progress', () => {
  it('is acknowledged up to what was read when nothing is held', () => {
    expect(new Progress(generation(), 40).ackedOffset).toBe(40);
  });

  it('keeps the checkpoint at the lowest byte that is held, in whatever order holds end', () => {
    const progress = new Progress(generation(), 0);
    const random = seededRandom(3);
    const held = new Set<Hold>();
    let position = 0;
    for (let step = 0; step < 2000; step++) {
      if (random() < 0.5) {
        held.add(progress.hold(position));
        position += 1 + Math.floor(random() * 100);
        progress.readOffset = position;
      } else {
        const some = [...held][Math.floor(random() * held.size)];
        if (some === undefined) continue;
        held.delete(some);
        progress.release(some);
      }
      const lowest = Math.min(position, ...[...held].map((hold) => hold.start));
      expect(progress.ackedOffset).toBe(lowest);
      expect(progress.settled).toBe(held.size === 0);
    }
  });

  it('needs every user of a hold to let go', () => {
    const progress = new Progress(generation(), 10);
    const hold = progress.hold(0);
    hold.users++;
    progress.release(hold);
    expect(progress.ackedOffset).toBe(0);
    progress.release(hold);
    expect(progress.ackedOffset).toBe(10);
  });

  it('does not let the checkpoint into a record that was open where a batch begins', () => {
    const progress = new Progress(generation(), 0);
    const first = progress.hold(0);
    const open = progress.hold(60);
    const second = progress.hold(100);
    Progress.tie(second, open);
    progress.readOffset = 200;
    progress.release(first);
    progress.release(open);
    expect(progress.ackedOffset).toBe(60);
    progress.release(second);
    expect(progress.ackedOffset).toBe(200);
  });
});
