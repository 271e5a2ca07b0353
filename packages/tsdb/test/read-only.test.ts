/** A folder that somebody else has, read beside it. */
import { describe, expect, it } from 'vitest';
import { isDatabase, openReadOnly } from '../src/read-only.ts';
import { type Bed, bed, contents, FOLDER, rows, seriesRef } from './tsdb-bed.ts';

async function running(): Promise<Bed> {
  const one = bed();
  await one.tsdb.start();
  const ref = seriesRef(one.tsdb, { __name__: 'up' });
  await one.tsdb.append(rows([ref], one.clock.nowMs(), () => 1));
  await one.tsdb.snapshot();
  await one.tsdb.append(rows([ref], one.clock.nowMs() + 1000, () => 2));
  return one;
}

describe('a database that is only read', () => {
  it('has what the one has that runs, whose files stay as they are', async () => {
    const { tsdb, files, clock } = await running();
    files.files.set(`${FOLDER}/000000000009.snapshot.tmp`, Buffer.from('half'));
    const before = new Map(files.files);
    const read = await openReadOnly(FOLDER, files);
    expect(await contents(read)).toEqual(await contents(tsdb));
    expect(read).toMatchObject({ span: { oldestMs: clock.nowMs(), newestMs: clock.nowMs() + 1000 }, damages: 0 });
    expect(files.files).toEqual(before);
    await tsdb.append(rows([seriesRef(tsdb, { __name__: 'up' })], clock.nowMs() + 2000, () => 3));
    const again = bed(files.copy());
    await again.tsdb.start();
    expect(await contents(again.tsdb)).toEqual(await contents(tsdb));
  });

  it('has all that there is, whatever the one that runs keeps', async () => {
    const { files, clock } = await running();
    const short = bed(files, { retentionMs: 1000 }, clock);
    await short.tsdb.start();
    const ref = seriesRef(short.tsdb, { __name__: 'up' });
    await short.tsdb.append(rows([ref], clock.nowMs() + 600_000, () => 3));
    const [samples] = (await contents(await openReadOnly(FOLDER, files))).values();
    expect(samples).toHaveLength(3);
  });

  it('does without what is being written, and says how many places are damaged', async () => {
    const { files } = await running();
    const log = files.names(FOLDER).find((name) => name.endsWith('.wal')) ?? '';
    const whole = files.bytes(`${FOLDER}/${log}`);
    files.files.set(`${FOLDER}/${log}`, whole.subarray(0, -3));
    const torn = await openReadOnly(FOLDER, files);
    expect(torn.damages).toBe(0);
    expect([...(await contents(torn)).values()]).toMatchObject([{ length: 1 }]);
    expect(files.bytes(`${FOLDER}/${log}`)).toHaveLength(whole.length - 3);
    const snapshot = files.names(FOLDER).find((name) => name.endsWith('.snapshot')) ?? '';
    files.bytes(`${FOLDER}/${snapshot}`)[40]! ^= 1;
    expect((await openReadOnly(FOLDER, files)).damages).toBeGreaterThan(0);
  });

  it('begins again where a file has gone that was listed', async () => {
    const { tsdb, files } = await running();
    let lists = 0;
    const racing = {
      readdir: async (path: string) => [
        ...(await files.readdir(path)),
        ...(lists++ < 2 ? ['000000000008.snapshot'] : []),
      ],
      readFile: (path: string) => files.readFile(path),
    };
    expect(await contents(await openReadOnly(FOLDER, racing))).toEqual(await contents(tsdb));
    expect(lists).toBe(3);
    const gone = { ...racing, readdir: async () => ['000000000008.snapshot'] };
    await expect(openReadOnly(FOLDER, gone)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is known by its files', async () => {
    const { files } = await running();
    expect(await isDatabase(FOLDER, files)).toBe(true);
    expect(await isDatabase('/other', files)).toBe(false);
    const empty = await openReadOnly('/other', files);
    expect(empty).toMatchObject({ span: undefined, damages: 0 });
  });
});
