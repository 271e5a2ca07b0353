import { beforeEach, describe, expect, test } from 'vitest';
import { PodDirectory } from '../../src/metadata/directory.ts';
import { entryOf } from './pods.ts';

let changes: string[];
let namespaceChanges: string[];
let directory: PodDirectory;

beforeEach(() => {
  changes = [];
  namespaceChanges = [];
  directory = new PodDirectory(
    (pathUid) => changes.push(pathUid),
    (names) => namespaceChanges.push(...names),
  );
});

const pod = (uid: string, labels: Record<string, string> = {}) => entryOf({ pathUid: uid, uid, labels });

describe('the directory', () => {
  test('knows what the source told of', () => {
    directory.replaced([pod('a')]);
    directory.applied(pod('b'));
    expect([directory.find('a')?.uid, directory.find('b')?.uid, directory.find('c')]).toEqual(['a', 'b', undefined]);
    expect(directory.isSettled('a')).toBe(true);
    expect(directory.isSettled('c')).toBe(false);
    expect(changes).toEqual(['a', 'b']);
  });

  test('tells of changes, and of nothing else', () => {
    directory.replaced([pod('a', { v: '1' })]);
    directory.applied(pod('a', { v: '1' }));
    directory.replaced([pod('a', { v: '1' })]);
    expect(changes).toEqual(['a']);
    directory.applied(pod('a', { v: '2' }));
    expect(changes).toEqual(['a', 'a']);
    expect(directory.find('a')?.labels).toEqual({ v: '2' });
  });

  test('keeps a deleted pod until the last of its logs is gone', () => {
    directory.retain('a');
    directory.retain('a');
    directory.replaced([pod('a')]);
    directory.removed(pod('a'));
    directory.release('a');
    expect(directory.find('a')).toBeDefined();
    expect([...directory.remembered()].map(({ uid }) => uid)).toEqual(['a']);
    directory.release('a');
    expect([...directory.remembered()]).toEqual([]);
  });

  test('keeps a pod that came and went before its logs were found', () => {
    directory.applied(pod('a'));
    directory.removed(pod('a'));
    directory.retain('a');
    expect(directory.find('a')).toBeDefined();
  });

  test('keeps so many unused tombstones and no more', () => {
    for (let n = 0; n < 3000; n++) {
      directory.applied(pod(`p${n}`));
      directory.removed(pod(`p${n}`));
    }
    expect(directory.size).toBe(512);
    expect(directory.find('p2999')).toBeDefined();
    expect(directory.find('p0')).toBeUndefined();
  });

  test('lets a pod go that a new list does not have', () => {
    directory.replaced([pod('a'), pod('b')]);
    directory.replaced([pod('b')]);
    expect(directory.tombstones).toBe(1);
    expect([...directory.remembered()].map(({ uid }) => uid)).toEqual(['b']);
  });

  test("a static pod's new mirror outlives the deletion of the old one", () => {
    directory.applied(entryOf({ pathUid: 'hash', uid: 'old' }));
    directory.applied(entryOf({ pathUid: 'hash', uid: 'new' }));
    directory.removed(entryOf({ pathUid: 'hash', uid: 'old' }));
    expect(directory.tombstones).toBe(0);
    expect(directory.find('hash')?.uid).toBe('new');
  });

  test('a pod that ends and loses its address keeps the one it had', () => {
    directory.applied(entryOf({ ip: '10.0.0.7' }));
    directory.applied(entryOf({ ip: undefined, labels: { done: 'yes' } }));
    expect(directory.find('u1')).toMatchObject({ ip: '10.0.0.7', labels: { done: 'yes' } });
  });
});

describe('what an earlier run knew', () => {
  test('is used, but waits for the source as long as that has not spoken', () => {
    directory.restore([pod('a', { v: 'old' })]);
    expect(directory.find('a')?.labels).toEqual({ v: 'old' });
    expect(directory.isSettled('a')).toBe(false);
    directory.replaced([]);
    expect(directory.isSettled('a')).toBe(true);
    expect(changes).toEqual(['a']);
  });

  test('gives way to what the source says', () => {
    directory.restore([pod('a', { v: 'old' })]);
    directory.replaced([pod('a', { v: 'new' })]);
    expect(directory.find('a')?.labels).toEqual({ v: 'new' });
    directory.restore([pod('a', { v: 'older' })]);
    expect(directory.find('a')?.labels).toEqual({ v: 'new' });
  });

  test('ends the wait also where the source says the same', () => {
    directory.restore([pod('a')]);
    directory.applied(pod('a'));
    expect(directory.isSettled('a')).toBe(true);
    expect(changes).toEqual(['a']);
  });
});

test('namespaces whose labels changed are told', () => {
  directory.namespaces(
    new Map([
      ['shop', { team: 'a' }],
      ['dev', {}],
    ]),
  );
  directory.namespaces(new Map([['shop', { team: 'a' }]]));
  directory.namespaces(new Map([['shop', { team: 'b' }]]));
  expect(namespaceChanges).toEqual(['shop', 'dev', 'shop']);
  expect(directory.namespaceLabels('shop')).toEqual({ team: 'b' });
  expect(directory.namespaceLabels('dev')).toEqual({});
});

test('a pod is not settled before the labels of namespaces are known, where they are wanted', () => {
  directory.awaitsNamespaces = true;
  directory.replaced([pod('a')]);
  expect(directory.isSettled('a')).toBe(false);
  directory.namespaces(new Map());
  expect(directory.isSettled('a')).toBe(true);
});
