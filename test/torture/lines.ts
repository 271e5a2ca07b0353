import type { Random } from './random.ts';

export type Stream = 'stdout' | 'stderr';

/** One line as a runtime writes it, and what it stands for. */
export interface Line {
  /** With its newline. */
  readonly bytes: Uint8Array;
  /** As written, unique within the container; undefined for a line that does not parse. */
  readonly time: string | undefined;
  readonly stream: Stream;
  /** The message's bytes, or this fragment of them; of a line that does not parse: all of it. */
  readonly content: Uint8Array;
  /** Whether the message ends here (CRI tag F, docker log with newline). */
  readonly final: boolean;
  /** Where the content begins in `bytes`, if its bytes stand there as they are (CRI). */
  readonly contentStart: number | undefined;
}

export interface LinesWanted {
  readonly records: number;
  /** Some messages of 100 to 300 KB. */
  readonly big: boolean;
  /** Leave the last message of each stream without its end. */
  readonly leaveOpen: boolean;
  /** The first line begins a file: the format is told by it. */
  readonly atFileStart: boolean;
}

/** Days end within a scenario: 20 minutes of lines, one a second, begin this long before midnight. */
const BEFORE_MIDNIGHT_S = 600;

/** What a container prints, as CRI or docker json-file lines: whole messages, fragments of two streams
 *  interleaved, every kind of byte, lines that do not parse. */
export class LineSource {
  readonly #format: 'cri' | 'docker';
  readonly #longerThan: number;
  readonly #fragmentBytes: number;
  readonly #startS: number;
  readonly #open: Record<Stream, boolean> = { stdout: false, stderr: false };
  #count = 0;

  /** @param longerThan some messages are longer than this many bytes
   *  @param longestRead docker's fragments stay below: it splits at 16 KiB, and a JSON line that is cut is none */
  constructor(format: 'cri' | 'docker', seed: number, longerThan: number, longestRead: number) {
    this.#fragmentBytes =
      format === 'docker' ? Math.min(RUNTIME_FRAGMENT, longestRead / WORST_ESCAPE) : RUNTIME_FRAGMENT;
    this.#format = format;
    this.#longerThan = longerThan;
    this.#startS = Date.UTC(2026, seed % 12, 1 + (seed % 28)) / 1000 - BEFORE_MIDNIGHT_S;
  }

  /** Lines in the order of writing; messages left open by an earlier call are continued. */
  produce(random: Random, wanted: LinesWanted): Line[] {
    const queues: Record<Stream, Line[]> = { stdout: [], stderr: [] };
    for (let made = 0; made < wanted.records; made++) {
      const stream = random.chance(0.75) ? 'stdout' : 'stderr';
      if (random.chance(0.04)) queues[stream].push(this.#malformed(random));
      else queues[stream].push(...this.#message(random, stream, wanted.big));
    }
    for (const stream of ['stdout', 'stderr'] as const) {
      const last = queues[stream].at(-1);
      if (wanted.leaveOpen && last?.final === true && last.time !== undefined && queues[stream].length > 1) {
        queues[stream].pop();
        const before = queues[stream].at(-1);
        this.#open[stream] = before !== undefined && before.time !== undefined && !before.final;
      }
    }
    const lines: Line[] = [];
    while (queues.stdout.length + queues.stderr.length > 0) {
      const stream =
        random.int(1, queues.stdout.length + queues.stderr.length) <= queues.stdout.length ? 'stdout' : 'stderr';
      lines.push(queues[stream].shift()!);
    }
    // A docker file that opens with something else is not one that dockerd writes.
    if (wanted.atFileStart && lines[0]?.time === undefined) lines.unshift(...this.#message(random, 'stdout', false));
    return lines;
  }

  /** The ends of all messages left open. */
  close(random: Random): Line[] {
    const lines: Line[] = [];
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#open[stream]) lines.push(...this.#message(random, stream, false));
    }
    return lines;
  }

  /** What was open stays so for ever. */
  died(): void {
    this.#open.stdout = false;
    this.#open.stderr = false;
  }

  #message(random: Random, stream: Stream, big: boolean): Line[] {
    const content = big && random.chance(0.1) ? bigContent(random) : someContent(random, this.#longerThan);
    const fragments = fragment(random, content, this.#fragmentBytes);
    this.#open[stream] = false;
    return fragments.map((bytes, index) => this.#line(random, stream, bytes, index === fragments.length - 1));
  }

  #line(random: Random, stream: Stream, content: Uint8Array, final: boolean): Line {
    const time = this.#nextTime(random);
    if (this.#format === 'docker') {
      return {
        bytes: dockerLine(random, time, stream, content, final),
        time,
        stream,
        content,
        final,
        contentStart: undefined,
      };
    }
    const tag = `${final ? 'F' : 'P'}${random.chance(0.05) ? ':later:tags' : ''}`;
    const head = Buffer.from(`${time} ${stream} ${tag} `);
    return { bytes: Buffer.concat([head, content, NEWLINE]), time, stream, content, final, contentStart: head.length };
  }

  #nextTime(random: Random): string {
    const digits = random.weighted({ nine: 8, none: 1, three: 1, six: 1 });
    const fraction = {
      none: '',
      three: '.120',
      six: '.000450',
      nine: `.${String(random.int(0, 999_999_999)).padStart(9, '0')}`,
    }[digits];
    const zone = this.#format === 'docker' ? 'Z' : random.weighted({ Z: 8, '+02:00': 1, '-05:30': 1 });
    const shiftS = { Z: 0, '+02:00': 7_200, '-05:30': -19_800 }[zone];
    const local = new Date((this.#startS + this.#count++ + shiftS) * 1000).toISOString().slice(0, 19);
    return `${local}${fraction}${zone}`;
  }

  #malformed(random: Random): Line {
    const name = `~${this.#count++}~`;
    const text = this.#format === 'docker' ? malformedDocker(random, name) : malformedCri(random, name);
    const content = Buffer.from(text, 'latin1');
    return {
      bytes: Buffer.concat([content, NEWLINE]),
      time: undefined,
      stream: 'stdout',
      content,
      final: true,
      contentStart: 0,
    };
  }
}

/** Where containerd and dockerd split a line. */
const RUNTIME_FRAGMENT = 16_384;
/** `\u0000` for one byte, and room for the members around it. */
const WORST_ESCAPE = 7;
const NEWLINE = Buffer.from('\n');

function malformedCri(random: Random, name: string): string {
  return random.pick([
    `plain text ${name}`,
    `panic: ${name} \u00e9\u00ff\u0080 "quoted" \\ \u0001\t`,
    `2026-13-0xT00:00:00Z stdout F ${name}`,
    `2026-01-02T03:04:05.123456789Z stdwhat F ${name}`,
    `2026-01-02T03:04:05.1234567890Z stdout F ${name}`,
    `2026-01-02T03:04:05Z stdout X ${name}`,
    `2026-01-02T03:04:05Z stderr  F ${name}`,
    `2026-01-02 03:04:05Z stdout F ${name}`,
    `${name} ${'x'.repeat(random.int(1, 400))}`,
  ]);
}

function malformedDocker(random: Random, name: string): string {
  return random.pick([
    `plain text ${name}`,
    `{"log":"cut short ${name}`,
    `{"stream":"stdout","note":"${name}"}`,
    `{"log":42,"stream":"stdout","time":"2026-01-02T03:04:05Z","note":"${name}"}`,
    `["${name}"]`,
  ]);
}

/** The runtime's own splitting and much smaller pieces, cut in the middle of characters too. */
function fragment(random: Random, content: Uint8Array, most: number): Uint8Array[] {
  const few = content.length > most ? random.chance(0.6) : random.chance(0.15);
  if (!few) return [content];
  const limit = content.length > most ? Math.floor(most) : Math.max(1, random.int(0, content.length));
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < content.length; start += limit) pieces.push(content.subarray(start, start + limit));
  if (pieces.length === 0 || random.chance(0.2)) pieces.push(new Uint8Array(0));
  return pieces;
}

const TEXTS = [
  'GET /api/v1/pods?limit=500 HTTP/1.1 200 12 "curl/8.5"',
  '{"level":"info","msg":"reconciled \\"web\\"","n":17,"ok":true}',
  'level=warn ts=17 msg="disk C:\\\\data is 91% full"',
  '    at Object.<anonymous> (/app/server.js:10:15)\r',
  'tab\tbell\u0007escape\u001b[31mred\u001b[0m del\u007f nul\u0000 unit\u001f',
  'caf\u00e9 \u65e5\u672c\u8a9e \u{1f600}\u{10ffff} \u2028\u2029 \ufeffbom \ufffd',
  '  leading and trailing  ',
  '"\\/\b\f',
] as const;

/** Cut characters, bytes that never occur in UTF-8, overlong forms, encoded surrogates, beyond U+10FFFF. */
const BROKEN_UTF8 = [
  'e2',
  'e282',
  'f09f98',
  'ff',
  'fe80',
  '80',
  'c0af',
  'e080af',
  'eda080',
  'f4908080',
  'c3',
  'f8a1a1a1a1',
  'e28261',
] as const;

function someContent(random: Random, longerThan: number): Uint8Array {
  if (random.chance(0.05)) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  if (random.chance(0.05)) {
    const length = longerThan + random.int(-80, 3) + (random.chance(0.5) ? random.int(0, 3 * longerThan) : 0);
    parts.push(filler(random, Math.max(0, length)));
  } else {
    for (let count = random.int(1, 3); count > 0; count--) {
      const kind = random.weighted({ text: 7, broken: 1, filler: 1 });
      if (kind === 'text') parts.push(Buffer.from(random.pick(TEXTS)));
      else if (kind === 'broken') parts.push(Buffer.from(random.pick(BROKEN_UTF8), 'hex'));
      else parts.push(filler(random, random.int(0, 300)));
    }
  }
  return Buffer.concat(parts);
}

function bigContent(random: Random): Uint8Array {
  return filler(random, random.int(100_000, 300_000));
}

function filler(random: Random, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  const alphabet = random.pick(['abcdefghij klmnop', '\u00e9\u4e2d\u{1f600}', '"\\\u0001a']);
  bytes.fill(alphabet, 'utf8');
  return bytes;
}

/** dockerd's members in dockerd's order, sometimes with `attrs`; escapes as Go and others write them. */
function dockerLine(random: Random, time: string, stream: Stream, content: Uint8Array, final: boolean): Uint8Array {
  const style = random.weighted<EscapeStyle>({ short: 3, long: 1, ascii: 1 });
  const attrs = random.chance(0.1) ? ',"attrs":{"tag":"x"}' : '';
  return Buffer.concat([
    Buffer.from('{"log":"'),
    jsonEscape(content, style),
    Buffer.from(`${final ? '\\n' : ''}","stream":"${stream}"${attrs},"time":"${time}"}\n`),
  ]);
}

type EscapeStyle = 'short' | 'long' | 'ascii';

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Bytes that are no UTF-8 stay as they are; readers must cope with them. */
function jsonEscape(content: Uint8Array, style: EscapeStyle): Uint8Array {
  const parts: string[] = [];
  if (style === 'ascii' && isUtf8(content)) {
    for (const unit of decodeUtf8(content).split('')) {
      parts.push(unit >= ' ' && unit <= '~' && unit !== '"' && unit !== '\\' ? unit : hexEscape(unit.charCodeAt(0)));
    }
  } else {
    for (const byte of content) {
      const char = String.fromCharCode(byte);
      if (byte >= 0x20 && char !== '"' && char !== '\\') parts.push(char);
      else parts.push(style === 'short' ? (SHORT_ESCAPES[char] ?? hexEscape(byte)) : hexEscape(byte));
    }
  }
  return Buffer.from(parts.join(''), 'latin1');
}

function hexEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** As a sink must get it: each maximal part that is no UTF-8 becomes U+FFFD, a byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return true;
  } catch {
    // Decoding in the fatal mode answers by throwing.
    return false;
  }
}
