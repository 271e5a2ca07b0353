/** Messages of the DNS protocol: a query written, an answer read. Source: RFC 1035, section 4. */

export interface DnsQuestion {
  /** Without the last dot or with it; `.` is the root. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly wantsRecursion: boolean;
}

export interface DnsRecord {
  /** As zone files write it, with the last dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  /** Where its data begin and end in `message`, for names in them may point anywhere before. */
  readonly start: number;
  readonly end: number;
}

export interface DnsResponse {
  readonly id: number;
  readonly rcode: number;
  readonly answer: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
  readonly message: Buffer;
}

const HEADER_BYTES = 12;
const RECURSION_DESIRED = 0x0100;
const RESPONSE = 0x8000;
const MAX_LABEL_BYTES = 63;
const MAX_NAME_BYTES = 255;

/** @throws where the name cannot be asked for */
export function encodeQuery(id: number, { name, type, class: ofClass, wantsRecursion }: DnsQuestion): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(wantsRecursion ? RECURSION_DESIRED : 0, 2);
  header.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(type, 0);
  tail.writeUInt16BE(ofClass, 2);
  return Buffer.concat([header, encodeName(name), tail]);
}

function encodeName(name: string): Buffer {
  const labels = name.replace(/\.$/, '').split('.');
  const parts = (labels.length === 1 && labels[0] === '' ? [] : labels).map((label) => {
    const bytes = Buffer.from(label);
    if (bytes.length === 0 || bytes.length > MAX_LABEL_BYTES) throw new Error(`${name} is no name of DNS`);
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  });
  const encoded = Buffer.concat([...parts, Buffer.of(0)]);
  if (encoded.length > MAX_NAME_BYTES) throw new Error(`${name} is no name of DNS`);
  return encoded;
}

/** @throws where the bytes are no answer */
export function decodeResponse(message: Buffer): DnsResponse {
  try {
    const flags = message.readUInt16BE(2);
    if ((flags & RESPONSE) === 0) throw new Error('it is a query');
    let at = HEADER_BYTES;
    for (let questions = message.readUInt16BE(4); questions > 0; questions--) at = readName(message, at).next + 4;
    const section = (count: number): readonly DnsRecord[] => {
      const records: DnsRecord[] = [];
      for (let index = 0; index < count; index++) {
        const record = readRecord(message, at);
        records.push(record);
        at = record.end;
      }
      return records;
    };
    const answer = section(message.readUInt16BE(6));
    const authority = section(message.readUInt16BE(8));
    const additional = section(message.readUInt16BE(10));
    return { id: message.readUInt16BE(0), rcode: flags & 0xf, answer, authority, additional, message };
  } catch (error) {
    throw new Error('the answer is no message of DNS', { cause: error });
  }
}

function readRecord(message: Buffer, at: number): DnsRecord {
  const { name, next } = readName(message, at);
  const start = next + 10;
  const end = start + message.readUInt16BE(next + 8);
  if (end > message.length) throw new Error('a record ends beyond the message');
  return {
    name,
    type: message.readUInt16BE(next),
    class: message.readUInt16BE(next + 2),
    ttl: message.readUInt32BE(next + 4),
    start,
    end,
  };
}

export interface DnsName {
  /** As zone files write it, with the last dot. */
  readonly name: string;
  /** Position behind it. */
  readonly next: number;
}

/** @throws {RangeError} beyond the message; where it points forward or in circles */
export function readName(message: Buffer, from: number): DnsName {
  let name = '';
  let at = from;
  let next: number | undefined;
  let bytes = 0;
  for (let hops = 0; hops <= MAX_NAME_BYTES; hops++) {
    const length = message.readUInt8(at);
    if (length === 0) return { name: name === '' ? '.' : name, next: next ?? at + 1 };
    if (length >= 0xc0) {
      const target = message.readUInt16BE(at) & 0x3fff;
      // Backwards alone, so that it comes to an end.
      if (target >= at) throw new Error('a name points forward');
      next ??= at + 2;
      at = target;
      continue;
    }
    bytes += length + 1;
    if (length > MAX_LABEL_BYTES || bytes > MAX_NAME_BYTES) throw new Error('a name is too long');
    const end = at + 1 + length;
    if (end > message.length) throw new RangeError('a name ends beyond the message');
    name += `${escapeLabel(message.subarray(at + 1, end))}.`;
    at = end;
  }
  throw new Error('a name points too often');
}

function escapeLabel(label: Buffer): string {
  return Array.from(label, (byte) => {
    const character = String.fromCharCode(byte);
    if (/[ ."\\;'@()]/.test(character)) return `\\${character}`;
    return byte < 0x21 || byte > 0x7e ? `\\${String(byte).padStart(3, '0')}` : character;
  }).join('');
}
