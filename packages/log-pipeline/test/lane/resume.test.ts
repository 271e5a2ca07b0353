import { describe, expect, it } from 'vitest';
import type { CheckpointEntry } from '../../src/checkpoint/format.ts';
import { Resume } from '../../src/lane/resume.ts';
import type { Generation } from '../../src/tail/generation.ts';
import { containerLog, generationOf } from '../tail/generations.ts';

const log = containerLog();
const generation = (head: string, about: Partial<Generation> = {}): Generation => generationOf(log, head, about);

function entry(head: string | undefined, about: Partial<CheckpointEntry> = {}): CheckpointEntry {
  const known = head === undefined ? undefined : { length: 10, hash: head };
  return { log: log.key, path: log.key, dev: '1', ino: '9', head: known, offset: 50, size: 100, done: false, ...about };
}

const options = { readFrom: 'beginning', ignoreOlderMs: undefined } as const;

describe('Resume', () => {
  it('begins at the acknowledged byte of the generation with the same first line, once', () => {
    const resume = new Resume([entry('a')], options);
    expect(resume.placeOf(generation('a'), 0).offset).toBe(50);
    expect(resume.placeOf(generation('a'), 0)).toEqual({ offset: 0, entry: undefined });
  });

  it('begins a live file anew that is shorter than what was acknowledged, and a copy never', () => {
    const resume = new Resume([entry('a'), entry('b')], options);
    expect(resume.placeOf(generation('a', { sizeBytes: 20, live: true }), 0).offset).toBe(0);
    expect(resume.placeOf(generation('b', { sizeBytes: 20 }), 0).offset).toBe(50);
  });

  it('has nothing to read of a generation that was gone, and counted, before', () => {
    const resume = new Resume([entry('a')], options);
    expect(resume.placeOf(generation('a', { gone: 'truncated' }), 0).offset).toBe(50);
    expect(resume.placeOf(generation('b', { gone: 'truncated' }), 0).offset).toBe(100);
  });

  it('has all to count of a generation that came and went since everything had its place', () => {
    const resume = new Resume([entry('a')], options);
    resume.placeOf(generation('a'), 0);
    resume.allBegun();
    expect(resume.placeOf(generation('b', { gone: 'deleted_budget' }), 0).offset).toBe(0);
  });

  it('tells once what nothing answers to, and by how many bytes it was behind', () => {
    const resume = new Resume([entry('a'), entry('b'), entry('c', { log: '/gone/0.log', offset: 100 })], options);
    resume.placeOf(generation('b'), 0);
    expect(resume.unclaimed.map(({ head }) => head?.hash)).toEqual(['a', 'c']);
    expect(resume.takeVanished().map(({ entry: { head }, lostBytes }) => [head?.hash, lostBytes])).toEqual([
      ['a', 50],
      ['c', 0],
    ]);
    expect(resume.takeVanished()).toEqual([]);
  });

  it.each<[string, CheckpointEntry, boolean]>([
    ['had more than was acknowledged', entry('x'), true],
    ['may have grown', entry('x', { offset: 100 }), true],
    ['was done with', entry('x', { offset: 100, done: true }), false],
    ['had no line yet', entry(undefined, { offset: 0, size: 0 }), false],
  ])('sees a gap between two generations where the missing one %s', (_what, missing, gap) => {
    const [before, after, newest] = [generation('a'), generation('b', { id: 2 }), generation('new', { id: 3 })];
    const resume = new Resume([entry('a'), missing, entry('b')], options);
    for (const one of [before, after, newest]) resume.placeOf(one, 0);
    expect(resume.gapBetween(log, before, after)).toBe(gap ? 'unsure' : 'none');
    expect(resume.gapBetween(log, after, newest)).toBe('none');
    resume.takeVanished();
    expect(resume.gapBetween(log, before, after)).toBe(gap ? 'certain' : 'none');
    expect(resume.gapBetween(log, newest, after)).toBe('none');
  });
});
