import type { LedgerEntry } from '@vigie/log-pipeline/agent/ledger';
import type { TappedRecord } from '@vigie/log-pipeline/tap/tap';

export function ledgerEntry(fields: Partial<LedgerEntry>): LedgerEntry {
  return {
    source: 'pods',
    sink: 'files',
    readBytes: 0,
    ackedBytes: 0,
    inFlightBytes: 0,
    bufferedBytes: 0,
    bufferedRecords: 0,
    restoredBytes: 0,
    restoredRecords: 0,
    droppedBytes: {},
    lostBytes: {},
    readRecords: 0,
    ackedRecords: 0,
    droppedRecords: {},
    unparsedRecords: 0,
    truncatedRecords: 0,
    partialRecords: 0,
    joinedRecords: 0,
    sentBytes: 0,
    batches: 0,
    lagBytes: 0,
    unreadBytes: 0,
    ...fields,
  };
}

export function tappedRecord(fields: Partial<TappedRecord>): TappedRecord {
  return {
    time: '2026-11-21T10:00:00.123456789Z',
    stream: 'stdout',
    namespace: 'shop',
    pod: 'web-7c5d9f8b6d-x2x9q',
    container: 'nginx',
    path: '/var/log/containers/web-7c5d9f8b6d-x2x9q_shop_nginx-0a.log',
    message: 'hello',
    members: '',
    ...fields,
  };
}
