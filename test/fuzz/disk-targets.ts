/** What an earlier process, a person or a failing disk left in files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { errorCode } from '@vigie/core/errors';
import { FakeClock } from '@vigie/core/fake-clock';
import {
  decodeRecordBytes,
  encodeEntryHead,
  encodeSegmentHeader,
} from '../../packages/log-pipeline/src/buffer/entry.ts';
import { decodePosition, encodePosition } from '../../packages/log-pipeline/src/buffer/position.ts';
import { SegmentStore } from '../../packages/log-pipeline/src/buffer/segment-store.ts';
import {
  CHECKPOINT_HEADER,
  checkpointTrailer,
  decodeCheckpoint,
  encodeCheckpointEntry,
} from '../../packages/log-pipeline/src/checkpoint/format.ts';
import { encodeDeadLetter, readDeadLetters } from '../../packages/log-pipeline/src/delivery/dead-letter.ts';
import { PositionFile } from '../../packages/log-pipeline/src/sources/position-file.ts';
import { MemoryFiles } from './memory-files.ts';
import { CHECKPOINT_ENTRIES, MESSAGES } from './samples.ts';
import type { Target } from './target.ts';

const FOLDER = '/buffer';
const SEGMENT = `${FOLDER}/000000000001.segment`;
const NEWLINE = 0x0a;

/** A damaged file that says that it is whole: what the checksum does not find. */
function sealedCheckpoint(content: Buffer): Buffer {
  const entries = content.filter((byte) => byte === NEWLINE).length - 1;
  return Buffer.concat([content, checkpointTrailer(content, entries)]);
}

function checkCheckpoint(bytes: Buffer): void {
  const decoded = decodeCheckpoint(bytes);
  if (decoded.status !== 'ok') return;
  const content = Buffer.concat([CHECKPOINT_HEADER, ...decoded.entries.map(encodeCheckpointEntry)]);
  const again = decodeCheckpoint(Buffer.concat([content, checkpointTrailer(content, decoded.entries.length)]));
  // As JSON, which has no minus before its 0.
  if (JSON.stringify(again) !== JSON.stringify(decoded)) throw new Error('it is read otherwise the second time');
}

function segmentOf(...bodies: readonly Buffer[]): Buffer {
  const entries = bodies.map((body, index) => {
    const recordBytes = Uint32Array.from({ length: index + 1 }, (_, record) => 100 * (record + 1));
    const entry = { source: 'pods', body, records: index + 1, inflatedBytes: undefined, recordBytes };
    return Buffer.concat([encodeEntryHead(entry, 1_763_726_400_000), body]);
  });
  return Buffer.concat([encodeSegmentHeader('elasticsearch'), ...entries]);
}

/** With the checksums of header, first head and body as they then are. */
function sealedSegment(input: Buffer): Buffer {
  const bytes = Buffer.from(input);
  if (bytes.length < 16) return bytes;
  const headAt = 16 + bytes.readUInt32LE(12) + 4;
  if (headAt + 42 > bytes.length) return bytes;
  bytes.writeUInt32LE(crc32(bytes.subarray(0, headAt - 4)), headAt - 4);
  const headEnd = headAt + bytes.readUInt32LE(headAt + 4);
  const bodyEnd = headEnd + bytes.readUInt32LE(headAt + 12);
  if (headEnd < headAt + 42 || bodyEnd > bytes.length) return bytes;
  bytes.writeUInt32LE(crc32(bytes.subarray(headEnd, bodyEnd)), headAt + 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(headAt + 4, headEnd)), headAt);
  return bytes;
}

/** Opens a buffer of this one segment and reads all that is in it, as draining does. */
async function readSegment(bytes: Buffer): Promise<void> {
  const files = new MemoryFiles({ [SEGMENT]: bytes });
  const reports = {
    damaged: () => undefined,
    failed: (_operation: string, error: unknown) => {
      throw error;
    },
  };
  let store: SegmentStore;
  try {
    store = await SegmentStore.open(FOLDER, 'elasticsearch', () => undefined, {
      fs: files,
      clock: new FakeClock(),
      reports,
    });
  } catch (error) {
    if (errorCode(error) === 'BUFFER_VERSION') return;
    throw error;
  }
  let read = 0;
  for (const segment of store.segments) {
    if (segment.bodyKind === undefined && segment.readOffset < segment.sizeBytes) {
      // Nobody can be given what is in it: the drainer gives it up, and tells so.
      const { status } = await store.read(segment);
      if (status !== 'unreadable') throw new Error(`an entry without a kind is ${status}`);
      segment.readOffset = segment.sizeBytes;
      segment.held.take();
    }
    while (segment.readOffset < segment.sizeBytes) {
      const next = await store.read(segment);
      // What recovery took for whole is whole: of a single segment, the last one, bodies were checked too.
      if (next.status !== 'entry' && next.status !== 'gap') throw new Error(`an entry is ${next.status}`);
      if (next.end <= segment.readOffset) throw new Error('it does not come forward');
      read += next.end - segment.readOffset;
      segment.readOffset = next.end;
      if (next.status === 'gap') continue;
      const { source, records, inputBytes } = next.head;
      if (decodeRecordBytes(next.headBytes, next.head).length !== records) throw new Error(`of ${records} records`);
      segment.held.subtract(source, { records, bytes: inputBytes });
    }
    if (!segment.held.isEmpty) throw new Error(`held: ${JSON.stringify([...segment.held.sources])}`);
  }
  if (read > bytes.length) throw new Error(`${read} bytes of ${bytes.length}`);
  store.collect();
  await store.close();
  if (files.names.some((name) => name.endsWith('.segment'))) throw new Error('a drained segment is left');
}

const letters = MESSAGES.slice(0, 12).map((message, index) => {
  const document = `{"n":12345678901234567890,"message":${JSON.stringify(message.toString())}}`;
  const action = index % 2 === 0 ? '' : '{"create":{"_id":"a"}}\n';
  const lines = Buffer.from(`${action}${document}\n`);
  return encodeDeadLetter({ timeMs: 1_763_726_400_000, sink: `s${index % 3}`, status: 400, error: 'no "x"', lines });
});

async function readLetters(path: string): Promise<void> {
  for await (const { linesPerRecord, body, records } of readDeadLetters(path, 1000, () => undefined)) {
    const lines = Buffer.from(body).toString().split('\n');
    if (lines.pop() !== '' || lines.length !== records * linesPerRecord)
      throw new Error(`${lines.length} lines of ${records} records`);
    for (const line of lines) JSON.parse(line);
  }
}

/** Of this process; taken away when it ends. */
let letterFile: string | undefined;

function letterFilePath(): string {
  if (letterFile === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'vigie-fuzz-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    letterFile = join(folder, 'dead-letters.ndjson');
  }
  return letterFile;
}

function sealedLine(input: Buffer): Buffer {
  const text = input.toString('latin1');
  const end = text.lastIndexOf(' crc32 ');
  if (end < 0) return input;
  const content = Buffer.from(text.slice(0, end + 7), 'latin1');
  return Buffer.concat([content, Buffer.from(`${crc32(content).toString(16).padStart(8, '0')}\n`)]);
}

async function readSourcePosition(bytes: Buffer): Promise<void> {
  const path = '/data/sources/journal.position';
  const read = await new PositionFile(path, new MemoryFiles({ [path]: bytes })).read();
  if (read.status === 'ok') JSON.stringify(read.position);
}

export const diskTargets: readonly Target[] = [
  {
    name: 'checkpoints',
    samples: [1, 2, CHECKPOINT_ENTRIES.length].map((count) =>
      Buffer.concat([CHECKPOINT_HEADER, ...CHECKPOINT_ENTRIES.slice(0, count).map(encodeCheckpointEntry)]),
    ),
    iterations: 10_000,
    parse(input) {
      checkCheckpoint(input);
      checkCheckpoint(sealedCheckpoint(input));
    },
  },
  {
    name: 'segments of a disk buffer',
    samples: [segmentOf(), segmentOf(Buffer.from('{"a":1}\n')), segmentOf(...MESSAGES.slice(0, 4))],
    iterations: 1_500,
    async parse(input) {
      await readSegment(input);
      await readSegment(sealedSegment(input));
    },
  },
  {
    name: 'positions',
    samples: [
      encodePosition({ segment: 12, offset: 3456 }),
      Buffer.from('vigie-source-position 1 "s=1;i=2" crc32 00000000\n'),
    ],
    iterations: 10_000,
    async parse(input) {
      for (const bytes of [input, sealedLine(input)]) {
        const position = decodePosition(bytes);
        if (position !== undefined && !isDeepStrictEqual(decodePosition(encodePosition(position)), position))
          throw new Error('it is read otherwise the second time');
        await readSourcePosition(bytes);
      }
    },
  },
  {
    name: 'dead letters',
    samples: [...letters.map((letter) => Buffer.from(letter)), Buffer.concat(letters)],
    iterations: 512,
    async parse(input) {
      writeFileSync(letterFilePath(), input);
      await readLetters(letterFilePath());
    },
  },
];
