import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kubeletStamp, planRotation, rotateLog } from '../../../src/up/demo/rotation.ts';

describe('planRotation', () => {
  const cases: readonly [string, string[], number, { remove: string[]; compress: string[] }][] = [
    ['does nothing to a log that was never rotated', ['0.log'], 5, { remove: [], compress: [] }],
    [
      'compresses what the last rotation left plain',
      ['0.log', '0.log.20260101-000001'],
      5,
      { remove: [], compress: ['0.log.20260101-000001'] },
    ],
    [
      'deletes the oldest beyond the limit, counting the live file and the one about to be rotated',
      [
        '0.log',
        '0.log.20260101-000001.gz',
        '0.log.20260101-000002.gz',
        '0.log.20260101-000003.gz',
        '0.log.20260101-000004',
      ],
      5,
      { remove: ['0.log.20260101-000001.gz'], compress: ['0.log.20260101-000004'] },
    ],
    [
      'clears what a compression that was cut short left behind',
      [
        '0.log',
        '0.log.20260101-000001',
        '0.log.20260101-000001.gz',
        '0.log.20260101-000002',
        '0.log.20260101-000002.tmp',
      ],
      5,
      { remove: ['0.log.20260101-000001', '0.log.20260101-000002.tmp'], compress: ['0.log.20260101-000002'] },
    ],
    [
      'leaves the logs of other runs alone',
      ['0.log', '10.log.20260101-000001', '1.log'],
      2,
      { remove: [], compress: [] },
    ],
  ];
  it.each(cases)('%s', (_title, names, maxFiles, expected) => {
    expect(planRotation('0.log', names, maxFiles)).toEqual(expected);
  });
});

describe('rotateLog', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vigie-rotation-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const secondsOfDay = (seconds: number): number => new Date(2026, 0, 1, 0, 0, seconds).getTime();

  it('keeps the newest generations, all but the last of them compressed, with the bytes that were written', async () => {
    const path = join(folder, '0.log');
    const reopen = (): Promise<void> => writeFile(path, '');
    for (let generation = 1; generation <= 7; generation++) {
      await writeFile(path, `generation ${generation}\n`);
      await rotateLog(path, 5, secondsOfDay(generation), reopen);
    }
    const names = (await readdir(folder)).sort();
    expect(names).toEqual([
      '0.log',
      '0.log.20260101-000004.gz',
      '0.log.20260101-000005.gz',
      '0.log.20260101-000006.gz',
      '0.log.20260101-000007',
    ]);
    expect(gunzipSync(await readFile(join(folder, '0.log.20260101-000004.gz'))).toString()).toBe('generation 4\n');
    expect(await readFile(join(folder, '0.log.20260101-000007'), 'utf8')).toBe('generation 7\n');
  });

  it('renames the file back when the writer cannot reopen it', async () => {
    const path = join(folder, '0.log');
    await writeFile(path, 'kept\n');
    await expect(rotateLog(path, 5, secondsOfDay(1), () => Promise.reject(new Error('no reopen')))).rejects.toThrow(
      'no reopen',
    );
    expect(await readdir(folder)).toEqual(['0.log']);
    expect(await readFile(path, 'utf8')).toBe('kept\n');
  });
});

it('stamps in local time, as the kubelet does', () => {
  expect(kubeletStamp(new Date(2026, 10, 3, 4, 5, 6).getTime())).toBe('20261103-040506');
});
