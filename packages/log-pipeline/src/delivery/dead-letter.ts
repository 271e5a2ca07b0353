/** Records that a sink refused for good, kept in a file of lines for a person to look at and send again.
 *  Format: docs/formats/dead-letters.md. */
import type { Clock } from '@vigie/core/clock';
import { fileLines } from '@vigie/core/file-lines';
import * as v from 'valibot';
import { type AppendOutcome, RotatingFile, type RotationLimits } from '../sinks/rotating-file.ts';
import type { SinkEvents } from '../sinks/sink.ts';

export interface DeadLetter {
  readonly timeMs: number;
  readonly sink: string;
  /** The HTTP status with which it was refused. */
  readonly status: number;
  readonly error: string;
  /** The record's lines as they were sent: the document, or an action line and the document. */
  readonly lines: Uint8Array;
}

/** A body of dead letters of one sink, ready to be sent. */
export interface DeadLetterBody {
  readonly sink: string;
  readonly linesPerRecord: 1 | 2;
  readonly body: Uint8Array;
  readonly records: number;
}

const NEWLINE = 0x0a;
/** An error text repeats what the server says, which may quote the whole record. */
const MAX_ERROR_CHARACTERS = 2_000;
const DROP_LOG_INTERVAL_MS = 60_000;

/** What becomes of refused records. */
export interface DeadLetters {
  /** What the ledger calls them: kept in a file, or dropped. */
  readonly reason: 'dead_letter' | 'rejected';
  /** Resolves `ok` once all of them are dealt with for good; otherwise none of them is. Never rejects. */
  write(letters: readonly DeadLetter[]): Promise<AppendOutcome>;
  close(): Promise<void>;
}

export class DeadLetterFile implements DeadLetters {
  readonly reason = 'dead_letter';
  readonly #file: RotatingFile;

  /** @param discarded told the bytes of each rotated file that is deleted beyond `keep` */
  constructor(path: string, limits: RotationLimits, discarded: (bytes: number) => void) {
    this.#file = new RotatingFile(path, limits, discarded);
  }

  write(letters: readonly DeadLetter[]): Promise<AppendOutcome> {
    return this.#file.append(Buffer.concat(letters.map(encodeDeadLetter)));
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Where no file is configured: the records are dropped, which the ledger counts, and the log says why, at most
 *  once a minute however many there are. */
export class DroppedLetters implements DeadLetters {
  readonly reason = 'rejected';
  readonly #clock: Clock;
  readonly #warn: SinkEvents['warn'];
  #unreported = 0;
  #quietUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, warn: SinkEvents['warn']) {
    this.#clock = clock;
    this.#warn = warn;
  }

  async write(letters: readonly DeadLetter[]): Promise<AppendOutcome> {
    this.#unreported += letters.length;
    const [first] = letters;
    const nowMs = this.#clock.monotonicMs();
    if (first !== undefined && nowMs >= this.#quietUntilMs) {
      this.#quietUntilMs = nowMs + DROP_LOG_INTERVAL_MS;
      const { sink, status, error } = first;
      const fields = { records: this.#unreported, status, error: error.slice(0, MAX_ERROR_CHARACTERS) };
      this.#warn(sink, 'records refused by the sink are dropped; set dead_letter to keep them', fields);
      this.#unreported = 0;
    }
    return { status: 'ok' };
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

/** The record's bytes are copied, not parsed: what is sent again is what was refused, to the last digit. */
export function encodeDeadLetter(letter: DeadLetter): Uint8Array {
  const { timeMs, sink, status, lines } = letter;
  const error = letter.error.slice(0, MAX_ERROR_CHARACTERS);
  const members = JSON.stringify({ time: new Date(timeMs).toISOString(), sink, status, error }).slice(0, -1);
  const firstEnd = lines.indexOf(NEWLINE);
  const twoLines = firstEnd < lines.length - 1;
  const action = twoLines ? [ACTION, lines.subarray(0, firstEnd)] : [];
  const record = lines.subarray(twoLines ? firstEnd + 1 : 0, lines.length - 1);
  return Buffer.concat([Buffer.from(members), ...action, RECORD, record, Buffer.from('}\n')]);
}

const ACTION = Buffer.from(',"action":');
const RECORD = Buffer.from(',"record":');

const letterSchema = v.object({
  sink: v.string(),
  action: v.optional(v.record(v.string(), v.unknown())),
  record: v.record(v.string(), v.unknown()),
});

/** Reads a dead-letter file as bodies, in the file's order, of at most `maxBodyBytes` (one record may be more).
 *  A line that a person has mended is taken as it then is.
 *  @param unreadable told the number of each line that is not a dead letter; the others are still read
 *  @throws what the file system throws */
export async function* readDeadLetters(
  path: string,
  maxBodyBytes: number,
  unreadable: (line: number) => void,
): AsyncGenerator<DeadLetterBody> {
  let gathered: { sink: string; linesPerRecord: 1 | 2; parts: Uint8Array[]; sizeBytes: number } | undefined;
  for await (const { number, bytes } of fileLines(path, Number.POSITIVE_INFINITY)) {
    if (bytes === undefined || bytes.length === 0) continue;
    const letter = decodeDeadLetter(bytes);
    if (letter === undefined) {
      unreadable(number);
      continue;
    }
    const { sink, linesPerRecord, lines } = letter;
    const fits =
      gathered?.sink === sink &&
      gathered.linesPerRecord === linesPerRecord &&
      gathered.sizeBytes + lines.length <= maxBodyBytes;
    if (gathered !== undefined && !fits) {
      yield bodyOf(gathered);
      gathered = undefined;
    }
    gathered ??= { sink, linesPerRecord, parts: [], sizeBytes: 0 };
    gathered.parts.push(lines);
    gathered.sizeBytes += lines.length;
  }
  if (gathered !== undefined) yield bodyOf(gathered);
}

function bodyOf(gathered: {
  readonly sink: string;
  readonly linesPerRecord: 1 | 2;
  readonly parts: readonly Uint8Array[];
}): DeadLetterBody {
  const { sink, linesPerRecord, parts } = gathered;
  return { sink, linesPerRecord, body: Buffer.concat(parts), records: parts.length };
}

function decodeDeadLetter(
  line: Buffer,
): { readonly sink: string; readonly linesPerRecord: 1 | 2; readonly lines: Uint8Array } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
  const decoded = v.safeParse(letterSchema, value);
  if (!decoded.success) return undefined;
  const { sink, action, record } = decoded.output;
  const raw = rawMembers(line);
  const parts = [
    ...(action === undefined ? [] : [raw?.action ?? Buffer.from(JSON.stringify(action)), Buffer.of(NEWLINE)]),
    raw?.record ?? Buffer.from(JSON.stringify(record)),
    Buffer.of(NEWLINE),
  ];
  return { sink, linesPerRecord: action === undefined ? 1 : 2, lines: Buffer.concat(parts) };
}

/** The record's own bytes, so that a number of 20 digits stays one. Before the record stand only texts, in which
 *  a quote is escaped, and the action, which has no such member: the first match is the member itself.
 *  @returns undefined where the members stand in another order than ours */
function rawMembers(line: Buffer): { readonly action: Buffer | undefined; readonly record: Buffer } | undefined {
  const recordAt = line.indexOf(RECORD);
  const end = line.lastIndexOf('}');
  if (
    !line.subarray(0, 9).equals(OPENING) ||
    recordAt < 0 ||
    line
      .subarray(end + 1)
      .toString()
      .trim() !== ''
  ) {
    return undefined;
  }
  const record = line.subarray(recordAt + RECORD.length, end);
  const actionAt = line.subarray(0, recordAt).indexOf(ACTION);
  const action = actionAt < 0 ? undefined : line.subarray(actionAt + ACTION.length, recordAt);
  return isObject(record) && (action === undefined || isObject(action)) ? { action, record } : undefined;
}

const OPENING = Buffer.from('{"time":"');

function isObject(text: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
