/** Entries of the journal as records. */
import { createHash } from 'node:crypto';
import type { RecordFacts } from '../../encode/document.ts';
import { severityMember } from '../../kernel/severity.ts';
import type { PushedGroup, PushedRecord } from '../../lane/push-lane.ts';
import { joinTexts, Members } from '../members.ts';
import { Origins, originFacts, type PlaceFacts } from '../origins.ts';
import { rfc3339OfNanos } from '../rfc3339.ts';
import type { JournalEntry } from './export-format.ts';

/** By the numbers of syslog: OpenTelemetry's data model, appendix B. */
const SEVERITIES = [21, 19, 18, 17, 13, 10, 9, 5];

/** Names of ECS, where it has one. */
const TEXT_FIELDS: readonly (readonly [field: string, name: string])[] = [
  ['_SYSTEMD_UNIT', 'systemd.unit'],
  // Of what systemd and others say of a unit.
  ['UNIT', 'systemd.object.unit'],
  ['OBJECT_SYSTEMD_UNIT', 'systemd.object.unit'],
  ['COREDUMP_UNIT', 'systemd.object.unit'],
  ['SYSLOG_IDENTIFIER', 'log.syslog.appname'],
  ['_TRANSPORT', 'systemd.transport'],
  ['_COMM', 'process.name'],
  ['_EXE', 'process.executable'],
  ['_HOSTNAME', 'host.hostname'],
  ['_MACHINE_ID', 'host.id'],
];
const NUMBER_FIELDS: readonly (readonly [field: string, name: string])[] = [
  ['_PID', 'process.pid'],
  ['_UID', 'user.id'],
];
const MICROSECOND = 1000n;
const MAX_SEQUENCE = 2 ** 48;

export class JournalRecords {
  readonly #origins = new Origins<{ readonly facts: RecordFacts }>();
  readonly #place: PlaceFacts;

  constructor(nodeName: string | undefined) {
    this.#place = { nodeName };
  }

  /** In the order of the journal; entries of one boot side by side share a group. An entry without a message is one of an
   *  empty message. */
  groupsOf(entries: readonly JournalEntry[], nowMs: number): PushedGroup[] {
    const groups: { facts: RecordFacts; records: PushedRecord[] }[] = [];
    for (const entry of entries) {
      const { facts } = this.#originOf(textOf(entry, '_BOOT_ID') ?? '');
      const record = recordOf(entry, nowMs);
      const last = groups.at(-1);
      if (last?.facts === facts) last.records.push(record);
      else groups.push({ facts, records: [record] });
    }
    return groups;
  }

  /** An entry has the same id whenever it is read: its boot, its time in it, its message. */
  #originOf(bootId: string): { readonly facts: RecordFacts } {
    return this.#origins.of(this.#place, bootId, () => {
      const idPrefix = createHash('sha256').update(`journald\0${bootId}`).digest('base64url').slice(0, 22);
      return { facts: { ...originFacts(this.#place, {}), idPrefix } };
    });
  }
}

function recordOf(entry: JournalEntry, nowMs: number): PushedRecord {
  const members = new Members([]);
  for (const [field, name] of TEXT_FIELDS) {
    const value = textOf(entry, field);
    if (value !== undefined) members.set(name, value);
  }
  for (const [field, name] of NUMBER_FIELDS) {
    const value = integerOf(entry, field);
    if (value !== undefined) members.set(name, name === 'user.id' ? String(value) : Number(value));
  }
  const priority = integerOf(entry, 'PRIORITY');
  const severity = priority === undefined ? 0 : (SEVERITIES[Number(priority)] ?? 0);
  if (priority !== undefined && severity > 0) members.set('log.syslog.severity.code', Number(priority));
  const written = integerOf(entry, '_SOURCE_REALTIME_TIMESTAMP') ?? integerOf(entry, '__REALTIME_TIMESTAMP');
  const time = written === undefined ? undefined : rfc3339OfNanos(written * MICROSECOND);
  const monotonic = Number(integerOf(entry, '__MONOTONIC_TIMESTAMP') ?? 0n);
  return {
    time: time ?? new Date(nowMs).toISOString(),
    stderr: false,
    severity,
    message: entry.get('MESSAGE') ?? new Uint8Array(0),
    members: joinTexts(severity === 0 ? '' : severityMember(severity), members.text()),
    sequence: monotonic % MAX_SEQUENCE,
  };
}

function textOf(entry: JournalEntry, field: string): string | undefined {
  const value = entry.get(field);
  return value === undefined ? undefined : Buffer.from(value).toString();
}

function integerOf(entry: JournalEntry, field: string): bigint | undefined {
  const text = textOf(entry, field);
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}

/** Where the journal goes on behind an entry. */
export function cursorOf(entry: JournalEntry): string | undefined {
  return textOf(entry, '__CURSOR');
}
