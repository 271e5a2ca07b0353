/** Records within the bytes of a grouped request: found by the field numbers that lead to them, `[1, 2, 2]` for OTLP's
 *  ResourceLogs, ScopeLogs, LogRecord. Everything beside them on the way is the header of its group. */
import { ProtoReader } from '@vigie/wire/protobuf/reader';
import { LENGTH_DELIMITED, putVarint, varintBytes } from '@vigie/wire/protobuf/writer';

/** A request of its own that holds the chosen records, in their order, under their own headers; groups that none is chosen of
 *  are left out.
 *  @param isChosen given the record's index in the body
 *  Cost: a copy. */
export function pickRecords(body: Buffer, path: readonly number[], isChosen: (index: number) => boolean): Buffer {
  const state = { index: 0, isChosen };
  return Buffer.concat(pick(body, new ProtoReader(body), path, state)?.parts ?? []);
}

interface Picked {
  readonly parts: Buffer[];
  readonly length: number;
}

/** @returns undefined where no record of the message is chosen */
function pick(
  body: Buffer,
  message: ProtoReader,
  path: readonly number[],
  state: { index: number; readonly isChosen: (index: number) => boolean },
): Picked | undefined {
  const [field = 0, ...deeper] = path;
  const parts: Buffer[] = [];
  let length = 0;
  let hasRecords = false;
  const add = (part: Buffer): void => {
    parts.push(part);
    length += part.length;
  };
  for (let at = message.at; message.next(); at = message.at) {
    if (message.field !== field || message.wireType !== LENGTH_DELIMITED) {
      message.skip();
      add(body.subarray(at, message.at));
    } else if (deeper.length === 0) {
      message.skip();
      if (!state.isChosen(state.index++)) continue;
      hasRecords = true;
      add(body.subarray(at, message.at));
    } else {
      const inner = pick(body, message.message(), deeper, state);
      if (inner === undefined) continue;
      hasRecords = true;
      add(tagAndLength(field, inner.length));
      parts.push(...inner.parts);
      length += inner.length;
    }
  }
  return hasRecords ? { parts, length } : undefined;
}

/** Each record of the body as a body of its own, with its headers. Cost: a copy of the headers a record. */
export function singleRecords(body: Buffer, path: readonly number[]): readonly Buffer[] {
  return singles(body, new ProtoReader(body), path).map((parts) => Buffer.concat(parts));
}

function singles(body: Buffer, message: ProtoReader, path: readonly number[]): Buffer[][] {
  const [field = 0, ...deeper] = path;
  const header: Buffer[] = [];
  const found: Buffer[][] = [];
  for (let at = message.at; message.next(); at = message.at) {
    if (message.field !== field || message.wireType !== LENGTH_DELIMITED) {
      message.skip();
      header.push(body.subarray(at, message.at));
    } else if (deeper.length === 0) {
      message.skip();
      found.push([body.subarray(at, message.at)]);
    } else {
      for (const inner of singles(body, message.message(), deeper)) {
        const length = inner.reduce((sum, part) => sum + part.length, 0);
        found.push([tagAndLength(field, length), ...inner]);
      }
    }
  }
  return found.map((parts) => [...header, ...parts]);
}

function tagAndLength(field: number, length: number): Buffer {
  const tag = field * 8 + LENGTH_DELIMITED;
  const bytes = Buffer.allocUnsafe(varintBytes(tag) + varintBytes(length));
  putVarint(bytes, putVarint(bytes, 0, tag), length);
  return bytes;
}
