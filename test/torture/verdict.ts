import { existsSync, readFileSync } from 'node:fs';
import type { LedgerRow } from './agent.ts';
import { DATA_STREAM, type Layout } from './agent-config.ts';
import type { Arrivals } from './arrivals.ts';
import { decodeDocument, member, parseJson } from './json.ts';
import {
  type ArrivedDocument,
  expectedForms,
  isEndangered,
  isRemainder,
  type LogModel,
  type LogRecord,
  writtenBytes,
} from './model.ts';
import type { Scenario } from './scenario.ts';

export interface LedgerFacts {
  /** One run of the agent saw everything: the figures are known to the byte. */
  readonly exact: boolean;
  /** Bytes were destroyed that the agent may not have delivered, or may not know that it has. */
  readonly lossPossible: boolean;
  readonly writtenBytes: number;
  /** Of messages that nothing has ended. */
  readonly openBytes: number;
  readonly models: readonly LogModel[];
  readonly arrivals: Arrivals;
}

/** What is wrong with the books once everything has arrived. */
export function ledgerFaults(rows: readonly LedgerRow[], facts: LedgerFacts): string[] {
  const faults: string[] = [];
  const records = facts.models.flatMap((model) => model.records);
  const { openBytes } = facts;
  if (!rows.some((row) => row.sink === 'es')) faults.push('ledger: no row for the sink es');
  for (const row of rows) {
    const fault = (what: string): void => void faults.push(`ledger: ${row.sink}: ${what}: ${JSON.stringify(row)}`);
    if (row.readBytes !== row.ackedBytes + row.inFlightBytes + row.droppedBytes)
      fault('read is not acked + in flight + dropped');
    if (row.inFlightBytes > openBytes) fault(`in flight is more than the ${openBytes} bytes of unfinished messages`);
    if (row.inFlightBytes === 0 && row.readRecords !== row.ackedRecords + row.droppedRecords) {
      fault('read records are not acked + dropped, and nothing is in flight');
    }
    if (row.unreadBytes > 0) fault('something is still unread');
    if (!facts.lossPossible && row.lostBytes !== 0) fault('lost, though nothing could be');
    if (!facts.exact) continue;
    if (row.readBytes > facts.writtenBytes) fault(`read is more than the ${facts.writtenBytes} bytes written`);
    if (row.readBytes < facts.writtenBytes - openBytes)
      fault(`read is less than the ${facts.writtenBytes} bytes written`);
    if (row.sink !== 'es' || openBytes > 0) continue;
    const { stored, refused } = facts.arrivals;
    const refusedBytes = [...refused.keys()].reduce((sum, record) => sum + writtenBytes(record), 0);
    if (row.ackedRecords !== stored.size) fault(`acked records are not the ${stored.size} stored`);
    if (row.readRecords !== records.length) fault(`read records are not the ${records.length} written`);
    const cut = [...stored.values()].some((documents) =>
      documents.some((one) => one.document.flags.includes('truncated')),
    );
    if (row.droppedBytes < refusedBytes && !cut)
      fault(`dropped is less than the ${refusedBytes} bytes that the sink refused`);
    if (row.droppedBytes > refusedBytes && !cut && refused.size === 0)
      fault('dropped, though nothing was refused or cut');
  }
  return faults;
}

export interface VerdictFacts {
  readonly scenario: Scenario;
  readonly formatOf: (model: LogModel) => 'cri' | 'docker';
  readonly models: readonly LogModel[];
  readonly arrivals: Arrivals;
  readonly objections: readonly string[];
  /** The sink took every request: what comes first in a stream must arrive first. */
  readonly ordered: boolean;
  readonly restarted: boolean;
  readonly killed: boolean;
  readonly layout: Layout;
}

/** At most this many of one kind are told. */
const TOLD = 5;

/** Everything that is wrong with what arrived, once the agent has ended. */
export function verdictOf(facts: VerdictFacts): string[] {
  const violations = new Violations();
  for (const objection of facts.objections) violations.add('objection', objection);
  for (const document of facts.arrivals.unknown) violations.add('unknown', describeDocument(document));
  for (const model of facts.models) for (const record of model.records) judgeRecord(record, facts, violations);
  judgeOrder(facts, violations);
  judgeDeadLetters(facts, violations);
  if (facts.scenario.settings.secondSink) judgeSecondSink(facts, violations);
  return violations.all;
}

class Violations {
  readonly all: string[] = [];
  readonly #told = new Map<string, number>();

  add(kind: string, what: string): void {
    const told = (this.#told.get(kind) ?? 0) + 1;
    this.#told.set(kind, told);
    if (told <= TOLD) this.all.push(`${kind}: ${what}`);
    else if (told === TOLD + 1) this.all.push(`${kind}: … more of them`);
  }
}

function judgeRecord(record: LogRecord, facts: VerdictFacts, violations: Violations): void {
  const stored = facts.arrivals.stored.get(record) ?? [];
  const refused = facts.arrivals.refused.get(record) ?? [];
  const arrived = stored.length + refused.length;
  const endangered = isEndangered(record);
  if (arrived === 0 && !endangered) violations.add('lost', describeRecord(record));
  const torn = record.pieces.some((piece) => piece.written < piece.line.bytes.length);
  if (arrived > 1 && !endangered && !torn) {
    const ids = stored.map((one) => `${one.index}/${one.id} ${JSON.stringify(one.document).slice(0, 300)}`);
    violations.add('doubled', `${describeRecord(record)} arrived ${arrived} times: ${ids.join(', ')}`);
  }
  for (const one of stored) {
    const index =
      facts.scenario.settings.target === 'data_stream' ? DATA_STREAM : `torture-${utcDay(one.document.time)}`;
    if (one.index !== index) violations.add('index', `${describeRecord(record)} went to ${one.index}, not ${index}`);
  }
  for (const document of [...stored.map((one) => one.document), ...refused]) {
    const wrong = faultOf(record, document, facts);
    if (wrong !== undefined) violations.add('content', `${describeRecord(record)}: ${wrong}`);
  }
}

/** How the document differs from what it should be. */
function faultOf(record: LogRecord, document: ArrivedDocument, facts: VerdictFacts): string | undefined {
  const { maxLineBytes } = facts.scenario.settings;
  const endangered = isEndangered(record);
  const format = facts.formatOf(record.log);
  const forms = expectedForms(record, format, maxLineBytes);
  const flags = [...document.flags].sort().join();
  const form = forms.find((one) => one.message === document.message && [...one.flags].sort().join() === flags);
  if (form === undefined) {
    if (endangered && isRemainder(record, document.message, format, maxLineBytes)) return undefined;
    const [wanted] = forms;
    return `expected ${describeText(wanted!.message)} [${wanted!.flags}], got ${describeText(document.message)} [${document.flags}]`;
  }
  const first = record.pieces[0]!;
  const unparsed = document.flags.includes('unparsed');
  const at = unparsed ? record.pieces.map((piece) => piece.offset) : [first.offset];
  if (!at.includes(document.offset) && !endangered) return `expected offset ${at}, got ${document.offset}`;
  if (unparsed) return Number.isNaN(Date.parse(document.time)) ? `${document.time} is no time` : undefined;
  if (document.time !== first.line.time && !endangered) return `expected time ${first.line.time}, got ${document.time}`;
  if (document.stream !== first.line.stream) return `expected ${first.line.stream}, got ${document.stream}`;
  return undefined;
}

function judgeOrder(facts: VerdictFacts, violations: Violations): void {
  if (!facts.ordered) return;
  const latest = new Map<string, LogRecord>();
  for (const { record, run } of facts.arrivals.sequence) {
    const first = record.pieces[0]!;
    if (first.line.time === undefined || !record.complete || isEndangered(record)) continue;
    const key = `${run} ${record.log.key} ${first.line.stream}`;
    const before = latest.get(key);
    if (before !== undefined && before.order > record.order) {
      violations.add('order', `${describeRecord(record)} arrived after ${describeRecord(before)} in run ${run}`);
    }
    latest.set(key, record);
  }
}

function judgeDeadLetters(facts: VerdictFacts, violations: Violations): void {
  const letters = new Map<LogRecord, number>();
  for (const line of linesOf(facts.layout.deadLetters)) {
    const letter = parseJson(line);
    if (letter === undefined) {
      if (!facts.killed) violations.add('dead letter', `not JSON: ${line.slice(0, 200)}`);
      continue;
    }
    const held = member(letter, 'record');
    const document = decodeDocument(typeof held === 'string' ? parseJson(held) : held);
    const record = document === undefined ? undefined : facts.arrivals.recordOf(document);
    if (record === undefined) violations.add('dead letter', `of no record: ${line.slice(0, 300)}`);
    else letters.set(record, (letters.get(record) ?? 0) + 1);
  }
  for (const [record, count] of letters) {
    if (!facts.arrivals.refused.has(record))
      violations.add('dead letter', `the sink never refused ${describeRecord(record)}`);
    if (count > 1 && !facts.restarted) violations.add('dead letter', `${count} of ${describeRecord(record)}`);
  }
  for (const record of facts.arrivals.refused.keys()) {
    if (!letters.has(record) && !isEndangered(record))
      violations.add('dead letter', `none of ${describeRecord(record)}`);
  }
}

function judgeSecondSink(facts: VerdictFacts, violations: Violations): void {
  const copies = new Map<LogRecord, number>();
  for (const line of linesOf(facts.layout.secondSink)) {
    const document = decodeDocument(parseJson(line));
    const record = document === undefined ? undefined : facts.arrivals.recordOf(document);
    if (document === undefined || record === undefined) {
      if (!facts.killed) violations.add('second sink', `a line of no record: ${line.slice(0, 300)}`);
      continue;
    }
    copies.set(record, (copies.get(record) ?? 0) + 1);
    const wrong = faultOf(record, document, facts);
    if (wrong !== undefined) violations.add('second sink', `${describeRecord(record)}: ${wrong}`);
  }
  for (const record of facts.models.flatMap((model) => model.records)) {
    const count = copies.get(record) ?? 0;
    if (isEndangered(record)) continue;
    if (count === 0) violations.add('second sink', `lost ${describeRecord(record)}`);
    const torn = record.pieces.some((piece) => piece.written < piece.line.bytes.length);
    if (count > 1 && !facts.restarted && !torn) violations.add('second sink', `${count} of ${describeRecord(record)}`);
  }
}

export function linesOf(path: string): string[] {
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

function utcDay(time: string): string {
  return new Date(time).toISOString().slice(0, 10).replaceAll('-', '.');
}

function describeRecord(record: LogRecord): string {
  const first = record.pieces[0]!;
  const generation = record.log.generations.indexOf(first.generation);
  return `record ${record.order} of ${record.log.key} (generation ${generation}, offset ${first.offset}, ${first.line.time ?? 'unparsed'}, ${record.pieces.length} lines)`;
}

function describeDocument(document: ArrivedDocument): string {
  return `${JSON.stringify({ ...document, message: undefined })} ${describeText(document.message)}`;
}

function describeText(text: string): string {
  return text.length <= 120 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 100))}… of ${text.length}`;
}
