import { describe, expect, it } from 'vitest';
import { FolderScans } from '../../src/tail/folder-scans.ts';

/** Scans that end when they are told to. */
function heldScans() {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const scans = new FolderScans(
    (folder) =>
      new Promise((resolve) => {
        begun.push(folder);
        ends.push(resolve);
      }),
  );
  return { scans, begun, endNext: () => ends.shift()?.() };
}

describe('scans of folders', () => {
  it('run beside each other, but for one folder one after the other', async () => {
    const { scans, begun, endNext } = heldScans();
    const first = scans.run('a');
    const asked = [scans.run('a'), scans.run('a'), scans.run('b')];
    expect(begun).toEqual(['a', 'b']);
    endNext();
    await new Promise(setImmediate);
    expect(begun).toEqual(['a', 'b', 'a']);
    endNext();
    endNext();
    await Promise.all([first, ...asked]);
    expect(begun).toHaveLength(3);
  });

  it('are waited for when they are closed, and no further one begins', async () => {
    const { scans, begun, endNext } = heldScans();
    void scans.run('a');
    void scans.run('a');
    const closed = scans.close();
    endNext();
    await closed;
    expect(begun).toEqual(['a']);
  });
});
