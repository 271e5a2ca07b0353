/** Records that say who they are: everything of record `n` follows from n and the seed, so that what arrives can be checked to the byte. */
import { seeded } from './seeded.ts';

export interface NumberedLine {
  readonly n: number;
  /** As a container runtime writes it: RFC 3339 with nine digits, in UTC. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** Bytes without a newline; one in a thousand is no valid UTF-8. */
  readonly message: Buffer;
  /** Lengths of the pieces in which the runtime writes the message; one piece for most. */
  readonly pieces: readonly number[];
}

/** Pieces of messages that an encoder could get wrong, among plain ones. */
const PHRASES = [
  'GET /api/v1/orders/4711?expand=items HTTP/1.1" 200 5316 "https://shop.example/" "Mozilla/5.0"',
  '{"level":"info","msg":"order placed","path":"C:\\\\temp\\\\x","total":12.5}',
  'level=warn msg="slow query" duration=1.204s rows=15',
  '\tat com.example.Shop.checkout(Shop.java:42)',
  'grüße aus 東京 🚢 \u2028 and \u00a0 beyond',
  '\u001b[31merror\u001b[0m: connection reset by peer',
  'I1121 07:04:50.123456       1 reconciler.go:171] "Starting workers" controller="deployment"',
  '',
];

/** A lone continuation byte, a cut three-byte sequence, and a byte that UTF-8 never has. */
const INVALID_UTF8 = Buffer.from([0x80, 0xe6, 0x9d, 0xff]);

/** One record in this many is written in three pieces, as a runtime does with lines over 16 KiB. */
const SPLIT_EVERY = 331;
const INVALID_EVERY = 1009;

/** @param startMs Unix ms of record 0; records follow each other by a microsecond */
export function numberedLine(n: number, seed: number, startMs: number): NumberedLine {
  const random = seeded(seed ^ Math.imul(n + 1, 0x9e3779b1));
  const text = `n=${n} ${PHRASES[random.between(0, PHRASES.length)]} ${'.'.repeat(random.between(0, 80))}`;
  const message = n % INVALID_EVERY === 0 ? Buffer.concat([Buffer.from(text), INVALID_UTF8]) : Buffer.from(text);
  const cut = random.between(0, message.length);
  const pieces = n % SPLIT_EVERY === 0 ? [cut, 0, message.length - cut] : [message.length];
  const iso = new Date(startMs + Math.floor(n / 1000)).toISOString();
  const digits = String((n % 1000) * 1000 + (n % 997)).padStart(6, '0');
  return { n, time: `${iso.slice(0, -1)}${digits}Z`, stream: n % 5 === 0 ? 'stderr' : 'stdout', message, pieces };
}

/** The CRI lines of a record: `P` for every piece but the last, `F` for that. */
export function criLines(line: NumberedLine): Buffer[] {
  let start = 0;
  return line.pieces.map((length, index) => {
    const tag = index === line.pieces.length - 1 ? 'F' : 'P';
    const content = line.message.subarray(start, start + length);
    start += length;
    return Buffer.concat([Buffer.from(`${line.time} ${line.stream} ${tag} `), content, NEWLINE]);
  });
}

const NEWLINE = Buffer.from('\n');

/** The number in a message of numberedLine, undefined if it is not one. */
export function numberOf(message: string): number | undefined {
  const digits = /^n=(\d+) /.exec(message)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** What JSON can carry of a message: every invalid sequence is one U+FFFD per maximal part, as the WHATWG decoder has it. */
export function messageAsText(message: Uint8Array): string {
  return decoder.decode(message);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
