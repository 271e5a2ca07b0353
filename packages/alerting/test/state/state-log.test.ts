import { writtenLabels } from '@vigie/rules/rule';
import { describe, expect, it } from 'vitest';
import { openState } from '../../src/state/state-log.ts';
import { encodeStateRecord, type StateRecord } from '../../src/state/state-record.ts';
import { posted } from '../alerts/alerts.ts';
import { MemoryFs } from './memory-fs.ts';

const FOLDER = '/data/alerting';

const record = (name: string): StateRecord => ({ kind: 'alert', alert: posted({ alertname: name }) });

async function namesIn(fs: MemoryFs): Promise<readonly string[]> {
  const { records, log } = await openState(FOLDER, fs);
  await log.close();
  return records.map((one) => (one.kind === 'alert' ? one.alert.labels.get('alertname') : one.kind));
}

describe('the log of the state', () => {
  it('brings back what was appended, over restarts', async () => {
    const fs = new MemoryFs();
    for (const name of ['A', 'B', 'C']) {
      const { log } = await openState(FOLDER, fs);
      await log.append([record(name)]);
      await log.close();
    }
    expect(await namesIn(fs)).toEqual(['A', 'B', 'C']);
  });

  it('brings back annotations without a value, and no such labels', async () => {
    const fs = new MemoryFs();
    const { log } = await openState(FOLDER, fs);
    const alert = { ...posted({ alertname: 'A' }), annotations: writtenLabels({ runbook: '', summary: 'x' }) };
    await log.append([{ kind: 'alert', alert }]);
    await log.close();
    expect((await openState(FOLDER, fs)).records).toEqual([{ kind: 'alert', alert }]);
  });

  it('has on the disk what it says is there', async () => {
    const fs = new MemoryFs();
    const { log } = await openState(FOLDER, fs);
    await log.append([record('A')]);
    expect(await namesIn(new MemoryFs(fs.contents(0)))).toEqual(['A']);
  });

  it('shares a write and its fsync among all that come meanwhile', async () => {
    const fs = new MemoryFs();
    const { log } = await openState(FOLDER, fs);
    await Promise.all(Array.from({ length: 10_000 }, (_, index) => log.append([record(`A${index}`)])));
    expect(fs.syncs).toBeLessThan(5);
    expect(await namesIn(new MemoryFs(fs.contents(0)))).toHaveLength(10_000);
  });

  it('cuts off a write that was interrupted, at whatever byte', async () => {
    const fs = new MemoryFs();
    const { log } = await openState(FOLDER, fs);
    await log.append([record('A'), record('B')]);
    const [[path, bytes] = ['', Buffer.alloc(0)]] = fs.contents();
    const second = bytes.indexOf('\n', bytes.indexOf('\n') + 1) + 1;
    for (let size = second; size < bytes.length; size++) {
      const cut = new MemoryFs(new Map([[path, bytes.subarray(0, size)]]));
      const { records, damaged } = await openState(FOLDER, cut);
      expect([records.length, damaged]).toEqual([1, 0]);
      expect(cut.contents().get(path)).toEqual(bytes.subarray(0, second));
    }
  });

  it('loses a damaged record, and none beside it', async () => {
    const fs = new MemoryFs();
    const { log } = await openState(FOLDER, fs);
    await log.append(['A', 'B', 'C'].map(record));
    const [[path, bytes] = ['', Buffer.alloc(0)]] = fs.contents();
    const damagedBytes = Buffer.from(bytes);
    damagedBytes[bytes.indexOf('"B"') + 1] = 0x58;
    const damagedFs = new MemoryFs(new Map([[path, damagedBytes]]));
    const { records, damaged } = await openState(FOLDER, damagedFs);
    expect([records.length, damaged]).toEqual([2, 1]);
  });

  it('refuses to begin with what a later version has written', async () => {
    const fs = new MemoryFs();
    const { log } = await openState(FOLDER, fs);
    await log.append([record('A')]);
    const [[path] = ['']] = fs.contents();
    const { checkedLine } = await import('../../src/state/checked-lines.ts');
    const later = new MemoryFs(new Map([[path, Buffer.from(checkedLine('{"vigie-alerting-log":2}'))]]));
    await expect(openState(FOLDER, later)).rejects.toMatchObject({ code: 'ALERTING_STATE' });
  });
});

describe('a snapshot', () => {
  it('replaces the log before it', async () => {
    const fs = new MemoryFs();
    const { log } = await openState(FOLDER, fs);
    await log.append([record('A'), record('B')]);
    await log.snapshot(() => [record('B')]);
    await log.append([record('C')]);
    expect(fs.paths).toEqual([`${FOLDER}/00000002.log`, `${FOLDER}/state.snapshot`]);
    expect(log.wantsSnapshot).toBe(false);
    await log.close();
    expect(await namesIn(fs)).toEqual(['B', 'C']);
  });

  it('is whole with what is appended while it is written', async () => {
    const fs = new MemoryFs();
    const { log } = await openState(FOLDER, fs);
    await log.append([record('A')]);
    const appended: Promise<void>[] = [];
    await log.snapshot(() => {
      appended.push(log.append([record('B')]));
      return [record('A')];
    });
    await Promise.all(appended);
    expect(await namesIn(new MemoryFs(fs.contents(0)))).toEqual(['A', 'B']);
  });

  it.each(['open', 'write', 'sync', 'rename', 'unlink'])('that fails at %s leaves what was there', async (step) => {
    const fs = new MemoryFs();
    const { log } = await openState(FOLDER, fs);
    await log.append([record('A')]);
    await log.snapshot(() => [record('A')]);
    await log.append([record('B')]);
    fs.before = (operation, path) => {
      if (operation === step && !path.endsWith(FOLDER)) throw new Error('the disk is broken');
    };
    await expect(log.snapshot(() => ['A', 'B'].map(record))).rejects.toMatchObject({
      code: 'ALERTING_STATE_UNWRITABLE',
    });
    expect(log.counts.failedSnapshots).toBe(1);
    fs.before = () => undefined;
    const found = await namesIn(new MemoryFs(fs.contents(0)));
    expect([...new Set(found)]).toEqual(['A', 'B']);
  });
});

describe('a full disk', () => {
  it('is told to whoever appends, and closed over by the next snapshot', async () => {
    const fs = new MemoryFs();
    const { log } = await openState(FOLDER, fs);
    await log.append([record('A')]);
    fs.freeBytes = 20;
    await expect(log.append([record('B')])).rejects.toMatchObject({ code: 'ALERTING_STATE_UNWRITABLE' });
    expect([log.hasGap, log.wantsSnapshot, log.counts.failedWrites]).toEqual([true, true, 1]);
    fs.freeBytes = Number.POSITIVE_INFINITY;
    await log.append([record('C')]);
    expect(await namesIn(new MemoryFs(fs.contents(0)))).toEqual(['A', 'C']);
    expect(log.hasGap).toBe(true);
    await log.snapshot(() => ['A', 'B', 'C'].map(record));
    expect(log.hasGap).toBe(false);
    expect(await namesIn(new MemoryFs(fs.contents(0)))).toEqual(['A', 'B', 'C']);
  });
});

it('writes a record as one line', () => {
  const alert = posted({ alertname: 'A\nB' }, { startsAtMs: 1, endsAtMs: 3, updatedAtMs: 2 }, { summary: 'é' });
  expect(encodeStateRecord({ kind: 'alert', alert })).toBe(
    '{"kind":"alert","labels":{"alertname":"A\\nB"},"annotations":{"summary":"é"},"startsAtMs":1,"endsAtMs":3,"updatedAtMs":2,"generatorUrl":"","hasTimeout":false}',
  );
});
