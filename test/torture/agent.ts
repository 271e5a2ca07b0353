import { member, parseJson } from './json.ts';

/** What is put to the torture: the real agent's process, or a stand-in that shows what the checks can find. */
export interface Agent {
  readonly running: boolean;
  start(): void;
  /** It has read its configuration and handles signals. */
  ready(): Promise<void>;
  /** As SIGTERM: drains and ends. @returns the exit code */
  stop(): Promise<number | null>;
  /** As SIGKILL, at once; `gone` follows. */
  kill(): void;
  gone(): Promise<void>;
  /** As SIGHUP. */
  reload(): void;
  /** Runs to the end of all files and ends. @returns the exit code */
  once(): Promise<number | null>;
  ledger(): Promise<readonly LedgerRow[]>;
  /** What it last said. */
  lastWords(): string;
}

/** A row of GET /ledger. */
export interface LedgerRow {
  readonly sink: string;
  readonly readBytes: number;
  readonly ackedBytes: number;
  readonly inFlightBytes: number;
  readonly readRecords: number;
  readonly ackedRecords: number;
  readonly droppedRecords: number;
  readonly droppedBytes: number;
  readonly lostBytes: number;
  /** Bytes that it knows to be there and has not read. */
  readonly unreadBytes: number;
}

export function decodeLedger(text: string): LedgerRow[] {
  const rows = parseJson(text);
  if (!Array.isArray(rows)) throw new Error(`GET /ledger: expected an array, got ${text.slice(0, 200)}`);
  return rows.map((row) => ({
    sink: String(member(row, 'sink')),
    readBytes: count(row, 'readBytes'),
    ackedBytes: count(row, 'ackedBytes'),
    inFlightBytes: count(row, 'inFlightBytes'),
    readRecords: count(row, 'readRecords'),
    ackedRecords: count(row, 'ackedRecords'),
    droppedRecords: sum(row, 'droppedRecords'),
    droppedBytes: sum(row, 'droppedBytes'),
    lostBytes: sum(row, 'lostBytes'),
    unreadBytes: count(row, 'unreadBytes'),
  }));
}

function count(row: unknown, name: string): number {
  const value = member(row, name);
  if (typeof value !== 'number')
    throw new Error(`GET /ledger: expected a number in ${name}, got ${JSON.stringify(row)}`);
  return value;
}

function sum(row: unknown, name: string): number {
  const reasons = member(row, name);
  if (typeof reasons !== 'object' || reasons === null) {
    throw new Error(`GET /ledger: expected an object in ${name}, got ${JSON.stringify(row)}`);
  }
  return Object.keys(reasons).reduce((total, reason) => total + count(reasons, reason), 0);
}
