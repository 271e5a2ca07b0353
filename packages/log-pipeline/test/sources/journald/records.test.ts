import { expect, test } from 'vitest';
import { cursorOf, JournalRecords } from '../../../src/sources/journald/records.ts';

function entryOf(fields: Readonly<Record<string, string | Buffer>>): ReadonlyMap<string, Uint8Array> {
  return new Map(Object.entries(fields).map(([name, value]) => [name, Buffer.from(value)]));
}

const ENTRY = entryOf({
  __CURSOR: 's=1;i=2',
  __REALTIME_TIMESTAMP: '1763726400000002',
  _SOURCE_REALTIME_TIMESTAMP: '1763726400000001',
  __MONOTONIC_TIMESTAMP: '77',
  _BOOT_ID: 'b00t',
  _SYSTEMD_UNIT: 'kubelet.service',
  SYSLOG_IDENTIFIER: 'kubelet',
  _PID: '12',
  _UID: '0',
  PRIORITY: '4',
  MESSAGE: Buffer.from([0x61, 0x0a, 0xff]),
});

test('an entry as a record: its own time, its level, its process; a binary message byte for byte', () => {
  const [group] = new JournalRecords('node-0').groupsOf([ENTRY], 0);
  expect(group?.facts).toMatchObject({ nodeName: 'node-0', path: undefined });
  const [record] = group?.records ?? [];
  expect(record).toMatchObject({ time: '2025-11-21T12:00:00.000001Z', severity: 13, sequence: 77, stderr: false });
  expect(Buffer.from(record?.message ?? []).toString('hex')).toBe('610aff');
  expect(JSON.parse(`{${record?.members}}`)).toEqual({
    'log.level': 'warn',
    'systemd.unit': 'kubelet.service',
    'log.syslog.appname': 'kubelet',
    'process.pid': 12,
    'user.id': '0',
    'log.syslog.severity.code': 4,
  });
  expect(cursorOf(ENTRY)).toBe('s=1;i=2');
});

test('the same entry has the same id in every process; entries of one boot are one group', () => {
  const other = entryOf({ _BOOT_ID: 'other', MESSAGE: 'x' });
  const groups = new JournalRecords('a').groupsOf([ENTRY, ENTRY, other], 0);
  expect(groups.map(({ records }) => records.length)).toEqual([2, 1]);
  const [again] = new JournalRecords('b').groupsOf([ENTRY], 1);
  expect(again?.facts.idPrefix).toBe(groups[0]?.facts.idPrefix);
  expect(again?.facts.idPrefix).not.toBe(groups[1]?.facts.idPrefix);
});

test('without time, priority and message: the time of reading, no level, an empty message', () => {
  const [group] = new JournalRecords('a').groupsOf([entryOf({ PRIORITY: 'high', _PID: 'x' })], Date.UTC(2026, 0, 1));
  expect(group?.records[0]).toMatchObject({ time: '2026-01-01T00:00:00.000Z', severity: 0, members: '', sequence: 0 });
  expect(group?.records[0]?.message).toHaveLength(0);
});

test('what systemd says of a unit names it', () => {
  const entry = entryOf({
    _PID: '1',
    _SYSTEMD_UNIT: 'init.scope',
    UNIT: 'kubelet.service',
    MESSAGE: 'Started kubelet',
  });
  const [group] = new JournalRecords('a').groupsOf([entry], 0);
  expect(JSON.parse(`{${group?.records[0]?.members}}`)).toEqual({
    'systemd.unit': 'init.scope',
    'systemd.object.unit': 'kubelet.service',
    'process.pid': 1,
  });
});
