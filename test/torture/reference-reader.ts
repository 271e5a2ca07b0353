import { createHash, randomUUID } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Agent, LedgerRow } from './agent.ts';
import { DATA_STREAM, type Layout } from './agent-config.ts';
import { member, parseJson } from './json.ts';
import { decodeUtf8 } from './lines.ts';
import type { Settings } from './scenario.ts';

/** One way of being wrong that the checks must find. */
export type Defect =
  | 'leaves out the last line of what it finds'
  | 'ignores .gz'
  | 'sends under random ids'
  | 'takes a 200 for success of every item'
  | 'throws refused records away'
  | 'knows files by inode only'
  | 'joins fragments of both streams'
  | 'forgets open messages at rotation'
  | 'decodes each fragment alone'
  | 'does not cut long lines'
  | 'takes copies for new bytes'
  | 'writes its checkpoint before the answer'
  | 'counts every line twice'
  | 'sends the newest first'
  | 'says nothing of partial messages';

interface Line {
  /** Names the line for ever: generation and offset. */
  readonly key: string;
  readonly generation: string;
  readonly offset: number;
  readonly bytes: Buffer;
  readonly hasEnd: boolean;
}

interface Entry {
  readonly time: string;
  readonly stream: string;
  readonly final: boolean;
  readonly content: Buffer;
}

interface Outgoing {
  readonly lines: readonly Line[];
  readonly id: string;
  readonly index: string;
  readonly document: string;
}

interface Place {
  readonly live: string;
  readonly path: string;
  readonly podUid: string;
  readonly container: string;
  readonly restart: string;
}

interface Life {
  /** The batch under way is the last. */
  ended: boolean;
  /** Not even its answer is taken. */
  killed: boolean;
}

const ROTATED = /^\.(\d{1,3}|\d{8}-\d{6})(\.gz)?$/;
const CRI = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([PF])(?::[^ ]*)? /;
const BATCH_RECORDS = 25;

/** A reader as simple as can be, and slow: each pass reads every file whole and sends the lines that are not
 *  yet remembered as acknowledged. It shows that the scenarios can be survived, and, with a defect, that the
 *  checks notice. */
export class ReferenceReader implements Agent {
  readonly #layout: Layout;
  readonly #settings: Settings;
  readonly #defect: Defect | undefined;
  #life: Life | undefined;
  #done: Promise<void> = Promise.resolve();
  #acked = new Set<string>();
  #copied = new Set<string>();
  #url = '';
  #books = { ackedBytes: 0, ackedRecords: 0, droppedBytes: 0, droppedRecords: 0 };

  constructor(layout: Layout, settings: Settings, defect?: Defect) {
    this.#layout = layout;
    this.#settings = settings;
    this.#defect = defect;
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  start(): void {
    this.#load();
    const life = { ended: false, killed: false };
    this.#life = life;
    this.#done = this.#live(life);
  }

  async stop(): Promise<number> {
    if (this.#life !== undefined) this.#life.ended = true;
    await this.gone();
    return 0;
  }

  kill(): void {
    if (this.#life === undefined) return;
    this.#life.ended = true;
    this.#life.killed = true;
  }

  async gone(): Promise<void> {
    await this.#done;
    this.#life = undefined;
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  reload(): void {
    // Nothing in the configuration changes for it.
  }

  async once(): Promise<number> {
    this.#load();
    const life = { ended: false, killed: false };
    while (!(await this.#pass(life, true))) await pause();
    return 0;
  }

  ledger(): Promise<readonly LedgerRow[]> {
    const { ackedBytes, ackedRecords, droppedBytes, droppedRecords } = this.#books;
    const lines = this.#places()
      .flatMap((place) => this.#outgoing(place, false))
      .flatMap((one) => one.lines);
    const unreadBytes = lines.reduce((sum, line) => sum + line.bytes.length, 0);
    const row = { ackedBytes, ackedRecords, droppedBytes, droppedRecords, inFlightBytes: 0, lostBytes: 0, unreadBytes };
    const read = { readBytes: ackedBytes + droppedBytes, readRecords: ackedRecords + droppedRecords };
    return Promise.resolve([{ sink: 'es', ...read, ...row }]);
  }

  lastWords(): string {
    return '';
  }

  async #live(life: Life): Promise<void> {
    while (!life.ended) {
      await this.#pass(life, false);
      await pause();
    }
  }

  #load(): void {
    this.#url = /endpoints: \["([^"]+)"\]/.exec(readFileSync(this.#layout.config, 'utf8'))?.[1] ?? '';
    const saved = existsSync(this.#checkpoint) ? parseJson(readFileSync(this.#checkpoint, 'utf8')) : [];
    this.#acked = new Set(Array.isArray(saved) ? saved.map(String) : []);
    this.#copied = new Set();
    this.#books = { ackedBytes: 0, ackedRecords: 0, droppedBytes: 0, droppedRecords: 0 };
  }

  get #checkpoint(): string {
    return join(this.#layout.dataDir, 'checkpoint.json');
  }

  #save(): void {
    mkdirSync(this.#layout.dataDir, { recursive: true });
    writeFileSync(this.#checkpoint, JSON.stringify([...this.#acked]));
  }

  /** @param flush sends what has no end too @returns whether nothing was left to send */
  async #pass(life: Life, flush: boolean): Promise<boolean> {
    const outgoing = this.#places().flatMap((place) => this.#outgoing(place, flush));
    if (this.#settings.secondSink) this.#copy(outgoing);
    for (let start = 0; start < outgoing.length && !life.ended; start += BATCH_RECORDS) {
      await this.#send(outgoing.slice(start, start + BATCH_RECORDS), life);
    }
    return outgoing.length === 0;
  }

  #places(): Place[] {
    const folder = join(this.#layout.root, 'pods');
    const places: Place[] = [];
    for (const pod of readdirSync(folder)) {
      for (const name of readdirSync(join(folder, pod, 'app'))) {
        if (!/^\d+\.log$/.test(name)) continue;
        const path = join(folder, pod, 'app', name);
        // Renamed, and not opened again yet.
        if (!existsSync(path)) continue;
        places.push({
          live: realpathSync(path),
          path,
          podUid: pod.split('_')[2] ?? '',
          container: 'app',
          restart: name.slice(0, -4),
        });
      }
    }
    return places;
  }

  /** Oldest first; a copy and what it was made from count once. */
  #generations(place: Place): Map<string, Buffer> {
    const folder = dirname(place.live);
    const base = basename(place.live);
    const rotated = readdirSync(folder).filter(
      (name) => name.startsWith(base) && ROTATED.test(name.slice(base.length)),
    );
    const names = rotated
      .filter((name) => !rotated.includes(`${name}.gz`))
      .sort((a, b) => ageOf(a, base) - ageOf(b, base));
    const found = new Map<string, Buffer>();
    for (const name of [...names, base]) {
      if (name.endsWith('.gz') && this.#defect === 'ignores .gz') continue;
      const path = join(folder, name);
      const bytes = readFileSync(path);
      const content = name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
      const head = content.subarray(0, content.indexOf(0x0a) + 1 || content.length);
      const copy = this.#defect === 'takes copies for new bytes' ? name : '';
      const inode = this.#defect === 'knows files by inode only' ? statSync(path).ino : undefined;
      const key = createHash('sha256')
        .update(place.path)
        .update(copy)
        .update(inode?.toString() ?? head)
        .digest('hex');
      if (content.length > (found.get(key)?.length ?? 0)) found.set(key, content);
    }
    return found;
  }

  #outgoing(place: Place, flush: boolean): Outgoing[] {
    const outgoing: Outgoing[] = [];
    const open = new Map<string, { lines: Line[]; entries: Entry[] }>();
    const emit = (lines: readonly Line[], entries: readonly Entry[], flags: readonly string[]): void => {
      if (lines.every((line) => this.#acked.has(line.key))) return;
      outgoing.push(this.#document(place, lines, entries, flags));
    };
    for (const [generation, content] of this.#generations(place)) {
      if (this.#defect === 'forgets open messages at rotation') open.clear();
      for (const line of this.#lines(generation, content, flush)) {
        const entry = line.hasEnd ? parse(line.bytes, place.live) : undefined;
        if (entry === undefined) {
          emit([line], [], line.hasEnd ? ['unparsed'] : ['partial', 'unparsed']);
          continue;
        }
        const stream = this.#defect === 'joins fragments of both streams' ? '' : entry.stream;
        const message = open.get(stream) ?? { lines: [], entries: [] };
        message.lines.push(line);
        message.entries.push(entry);
        if (entry.final) emit(message.lines, message.entries, []);
        if (entry.final) open.delete(stream);
        else open.set(stream, message);
      }
    }
    const partial = this.#defect === 'says nothing of partial messages' ? [] : ['partial'];
    if (flush) for (const { lines, entries } of open.values()) emit(lines, entries, partial);
    return this.#defect === 'sends the newest first' ? outgoing.reverse() : outgoing;
  }

  #lines(generation: string, content: Buffer, flush: boolean): Line[] {
    const lines: Line[] = [];
    for (let offset = 0; offset < content.length; ) {
      const newline = content.indexOf(0x0a, offset);
      const end = newline < 0 ? content.length : newline + 1;
      if (newline < 0 && !flush) break;
      lines.push({
        key: `${generation} ${offset}`,
        generation,
        offset,
        bytes: content.subarray(offset, newline < 0 ? end : newline),
        hasEnd: newline >= 0,
      });
      offset = end;
    }
    return this.#defect === 'leaves out the last line of what it finds' ? lines.slice(0, -1) : lines;
  }

  #document(place: Place, lines: readonly Line[], entries: readonly Entry[], flags: readonly string[]): Outgoing {
    const first = lines[0]!;
    const [entry] = entries;
    const alone = this.#defect === 'decodes each fragment alone';
    const contents = entries.map(({ content }) => (alone ? Buffer.from(decodeUtf8(content)) : content));
    const whole = entry === undefined ? first.bytes : Buffer.concat(contents);
    const { maxLineBytes, target } = this.#settings;
    const cut = whole.length > maxLineBytes && this.#defect !== 'does not cut long lines';
    const time = entry?.time ?? new Date().toISOString();
    const document = {
      '@timestamp': time,
      message: decodeUtf8(cut ? whole.subarray(0, maxLineBytes) : whole),
      stream: entry?.stream ?? 'stdout',
      kubernetes: { pod: { uid: place.podUid }, container: { name: place.container } },
      log: { file: { path: place.path }, offset: first.offset, flags: cut ? ['truncated', ...flags] : flags },
    };
    const day = new Date(time).toISOString().slice(0, 10).replaceAll('-', '.');
    const id = createHash('sha256').update(`${place.podUid} ${place.restart} ${first.key}`).digest('hex');
    return {
      lines,
      id: this.#defect === 'sends under random ids' ? randomUUID() : id,
      index: target === 'data_stream' ? DATA_STREAM : `torture-${day}`,
      document: JSON.stringify(document),
    };
  }

  async #send(records: readonly Outgoing[], life: Life): Promise<void> {
    if (this.#defect === 'writes its checkpoint before the answer') {
      for (const { lines } of records) for (const line of lines) this.#acked.add(line.key);
      this.#save();
    }
    // What was read is kept until it is settled: its file may be gone by now.
    let left = records;
    while (left.length > 0 && !life.killed) {
      const answer = await this.#post(left);
      if (life.killed) return;
      const items = member(parseJson(answer?.text), 'items');
      if (answer?.status === 413 || answer?.status === 400) {
        const [only] = left;
        if (left.length === 1 && only !== undefined) return this.#bury(only);
        await this.#send(left.slice(0, left.length >> 1), life);
        return this.#send(left.slice(left.length >> 1), life);
      }
      if (answer?.status === 200 && Array.isArray(items))
        left = left.filter((record, index) => !this.#settle(record, items[index]));
      this.#save();
      if (life.ended) return;
    }
  }

  #settle(record: Outgoing, item: unknown): boolean {
    const status = member(item, 'create', 'status');
    if (status === 400) this.#bury(record);
    else if (status === 201 || status === 409 || this.#defect === 'takes a 200 for success of every item')
      this.#ack(record, 'acked');
    else return false;
    return true;
  }

  async #post(records: readonly Outgoing[]): Promise<{ readonly status: number; readonly text: string } | undefined> {
    const lines = records.map(
      ({ id, index, document }) => `${JSON.stringify({ create: { _index: index, _id: id } })}\n${document}\n`,
    );
    try {
      const response = await fetch(`${this.#url}/_bulk`, { method: 'POST', body: lines.join('') });
      return { status: response.status, text: await response.text() };
    } catch {
      // Reset or refused: it is sent again.
      await pause();
      return undefined;
    }
  }

  #bury(record: Outgoing): void {
    if (this.#defect !== 'throws refused records away') {
      const letter = {
        time: new Date().toISOString(),
        sink: 'es',
        status: 400,
        error: 'refused',
        record: parseJson(record.document),
      };
      appendFileSync(this.#layout.deadLetters, `${JSON.stringify(letter)}\n`);
    }
    this.#ack(record, 'dropped');
    this.#save();
  }

  #ack(record: Outgoing, how: 'acked' | 'dropped'): void {
    for (const line of record.lines) {
      this.#acked.add(line.key);
      const bytes = line.bytes.length + (line.hasEnd ? 1 : 0);
      this.#books[`${how}Bytes`] += this.#defect === 'counts every line twice' ? 2 * bytes : bytes;
    }
    this.#books[`${how}Records`]++;
  }

  #copy(outgoing: readonly Outgoing[]): void {
    for (const { id, document } of outgoing) {
      if (this.#copied.has(id)) continue;
      this.#copied.add(id);
      appendFileSync(this.#layout.secondSink, `${document}\n`);
    }
  }
}

function ageOf(name: string, base: string): number {
  const mark = ROTATED.exec(name.slice(base.length))?.[1] ?? '';
  return mark.includes('-') ? Number(mark.replace('-', '')) : -Number(mark);
}

function parse(bytes: Buffer, live: string): Entry | undefined {
  if (!live.endsWith('-json.log')) {
    const head = CRI.exec(bytes.toString('latin1'));
    if (head === null) return undefined;
    const [text, time = '', stream = '', tag] = head;
    return { time, stream, final: tag === 'F', content: bytes.subarray(text.length) };
  }
  const value = parseJson(decodeUtf8(bytes));
  const log = member(value, 'log');
  const time = member(value, 'time');
  if (typeof log !== 'string' || typeof time !== 'string') return undefined;
  const final = log.endsWith('\n');
  return { time, stream: String(member(value, 'stream')), final, content: Buffer.from(final ? log.slice(0, -1) : log) };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}
