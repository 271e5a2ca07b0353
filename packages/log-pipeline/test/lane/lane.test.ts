import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock } from '@vigie/core/clock';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FLAG_DROPPED } from '../../src/kernel/layout.ts';
import { Catalog } from '../../src/tail/catalog.ts';
import type { ContainerLog, Generation } from '../../src/tail/generation.ts';
import { headOf } from '../../src/tail/head.ts';
import { ParseRegex, parseRegexSchema } from '../../src/transforms/parse-regex/parse-regex.ts';
import { cri, Gate, hurried, LaneBed, numbered } from './harness.ts';

const NUMBER_OF_LINE = { type: 'parse_regex', inputs: ['pods'], pattern: '^line (?P<number>[0-9]+)' };

describe('a lane', () => {
  let bed: LaneBed;
  beforeEach(() => {
    bed = new LaneBed();
  });
  afterEach(async () => {
    await bed.stop();
    expect(bed.faults).toEqual([]);
    bed.remove();
  });

  it('delivers what is there, then what is appended', async () => {
    const log = bed.logPath();
    bed.append(log, ...numbered(0, 100));
    await bed.start();
    await bed.until(() => bed.received.length === 100);
    bed.append(log, ...numbered(100, 150));
    await bed.until(() => bed.received.length === 150);
    expect(bed.messages).toEqual(numbered(0, 150));
    expect(bed.received[0]?.log.file.path).toBe(log);
  });

  it('drops and counts a record that has no room in an empty request, and goes on', async () => {
    const log = bed.logPath();
    bed.append(log, 'before', 'x'.repeat(10_000), 'after');
    const lane = await bed.start({ batchBytes: 16_384, slotBytes: 32_768 });
    await bed.until(() => bed.received.length === 2);
    expect(bed.messages).toEqual(['before', 'after']);
    expect([...lane.ledger.droppedRecords]).toEqual([['record_too_large', 1]]);
    expect([...lane.ledger.droppedBytes]).toEqual([['record_too_large', cri('x'.repeat(10_000)).length]]);
  });

  it('delivers the same as zlib streams, over many requests and containers', async () => {
    bed.takesDeflate = true;
    const logs = [bed.logPath('a'), bed.logPath('b')];
    for (const log of logs) bed.append(log, ...numbered(0, 3000), 'x'.repeat(30_000), ...numbered(3000, 4000));
    const lane = await bed.start({ batchBytes: 16_384 });
    await bed.until(() => bed.received.length === 8002);
    for (const log of logs) {
      const messages = bed.received.filter((record) => record.log.file.path === log).map(({ message }) => message);
      expect(messages).toEqual([...numbered(0, 3000), 'x'.repeat(30_000), ...numbered(3000, 4000)]);
    }
    expect(lane.ledger.batches).toBeGreaterThan(10);
  });

  it('gives the memory of a burst back once it is idle, and goes on as before', async () => {
    bed.clock = hurried(systemClock, 100);
    bed.takesDeflate = true;
    bed.transforms = [new ParseRegex(v.parse(parseRegexSchema, NUMBER_OF_LINE))];
    const batchBytes = 1 << 21;
    await bed.start({ batchBytes, lingerMs: 10_000 });
    const paths = ['a', 'b', 'c'].map((container) => bed.logPath(container));
    const filler = 'x'.repeat(2000);
    for (const renewals of [1, 2]) {
      const before = bed.received.length;
      for (const path of paths) bed.append(path, ...numbered(before, before + 400).map((line) => line + filler));
      await bed.until(() => bed.received.length === before + 1200);
      await bed.until(() => bed.kernel?.renewals === renewals);
    }
    bed.append(bed.logPath('a'), 'line 7');
    await bed.until(() => bed.received.length === 2401);
    expect(bed.received.at(-1)).toMatchObject({ message: 'line 7', number: '7' });
    expect(new Set(bed.received.map(({ log }) => `${log.file.path} ${log.offset}`)).size).toBe(2401);
    expect(bed.received.every((record) => record.message.startsWith(`line ${Reflect.get(record, 'number')}`))).toBe(
      true,
    );
    expect(bed.lane?.ledger).toMatchObject({ ackedRecords: 2401, inFlightBytes: 0 });
  });

  it('finds containers that start later', async () => {
    await bed.start();
    const log = bed.logPath('late');
    bed.append(log, 'hello');
    await bed.until(() => bed.received.length === 1);
  });

  it('reads rotated generations to their end and in order, as the kubelet rotates', async () => {
    const log = bed.logPath();
    bed.append(log, ...numbered(0, 10));
    await bed.start();
    await bed.until(() => bed.received.length === 10);
    let next = 10;
    const rotated: string[] = [];
    for (let rotation = 0; rotation < 4; rotation++) {
      const newest = rotated.at(-1);
      if (newest !== undefined) {
        writeFileSync(`${newest}.tmp`, gzipSync(readFileSync(newest)));
        renameSync(`${newest}.tmp`, `${newest}.gz`);
        unlinkSync(newest);
      }
      const name = `${log}.20261121-10000${rotation}`;
      renameSync(log, name);
      rotated.push(name);
      bed.append(name, ...numbered(next, next + 5));
      bed.append(log, ...numbered(next + 5, next + 10));
      next += 10;
    }
    await bed.until(() => bed.received.length >= next);
    expect(bed.messages).toEqual(numbered(0, next));
  });

  it('resumes at the acknowledged byte, through generations gzipped while it was down', async () => {
    const log = bed.logPath();
    bed.append(log, ...numbered(0, 10));
    await bed.start();
    await bed.until(() => bed.received.length === 10);
    await bed.stop();
    bed.append(log, ...numbered(10, 20));
    writeFileSync(`${log}.20261121-100000.gz`, gzipSync(readFileSync(log)));
    rmSync(log);
    bed.append(log, ...numbered(20, 30));
    renameSync(log, `${log}.20261121-100010`);
    bed.append(log, ...numbered(30, 40));
    await bed.start();
    await bed.until(() => bed.received.length >= 40);
    expect(bed.messages).toEqual(numbered(0, 40));
  });

  it('sends again only what was not acknowledged when it was killed', async () => {
    const log = bed.logPath();
    bed.append(log, ...numbered(0, 10));
    const lane = await bed.start();
    await bed.until(() => bed.received.length === 10);
    await lane.flushCheckpoint();
    const gate = new Gate();
    bed.gate = gate.opened;
    bed.append(log, ...numbered(10, 20));
    await bed.until(() => lane.inFlight === 1);
    const killed = bed.kill();
    gate.open();
    await killed;
    bed.gate = undefined;
    expect(bed.received.length).toBe(10);
    await bed.start();
    await bed.until(() => bed.received.length >= 20);
    expect(bed.messages).toEqual(numbered(0, 20));
  });

  it('that could not start leaves the checkpoint as it was', async () => {
    const log = bed.logPath();
    bed.append(log, ...numbered(0, 10));
    await bed.start();
    await bed.until(() => bed.received.length === 10);
    await bed.stop();
    bed.catalogClass = class extends Catalog {
      override adopt(): Promise<void> {
        return Promise.reject(new Error('EIO: injected'));
      }
    };
    await expect(bed.start()).rejects.toThrow('EIO');
    await bed.stop();
    bed.catalogClass = Catalog;
    bed.append(log, ...numbered(10, 20));
    await bed.start();
    await bed.until(() => bed.received.length === 20);
    expect(bed.messages).toEqual(numbered(0, 20));
  });

  it('stopped in the middle of a read sends the rest of it, so that nothing is sent twice', async () => {
    const log = bed.logPath();
    bed.append(log, ...numbered(0, 900));
    const gate = new Gate();
    bed.gate = gate.opened;
    const lane = await bed.start({ batchBytes: 16_384 });
    await bed.until(() => lane.inFlight === 2);
    const stopped = bed.stop();
    gate.open();
    await stopped;
    bed.gate = undefined;
    const sent = bed.received.length;
    expect(sent).toBeGreaterThan(100);
    await bed.start();
    await bed.until(() => bed.received.length >= 900);
    expect(bed.messages).toEqual(numbered(0, 900));
  });

  it('keeps every line over copytruncate once it has read the file', async () => {
    const log = bed.logPath();
    await bed.start();
    for (let round = 0; round < 5; round++) {
      bed.append(log, ...numbered(round * 10, round * 10 + 10));
      await bed.until(() => bed.received.length === round * 10 + 10);
      copyFileSync(log, `${log}.1`);
      truncateSync(log, 0);
    }
    expect(bed.messages).toEqual(numbered(0, 50));
  });

  it('reads the copy of what was written and truncated between two looks before what is in the file now', async () => {
    const path = bed.logPath();
    writeFileSync(path, '');
    await bed.start();
    for (let round = 0; round < 10; round++) {
      const before = bed.received.length;
      const last = `${path}.1`;
      if (round > 0) renameSync(last, `${path}.${round + 1}`);
      // One turn of the event loop: nobody has seen the file but empty.
      bed.append(path, ...numbered(before, before + 3));
      copyFileSync(path, last);
      truncateSync(path);
      bed.append(path, ...numbered(before + 3, before + 5));
      await bed.until(() => bed.received.length === before + 5);
      expect(bed.messages).toEqual(numbered(0, before + 5));
      truncateSync(path);
      await bed.until(() =>
        [...(bed.catalog?.logs.values() ?? [])].every(({ generations }) => generations.at(-1)?.sizeBytes === 0),
      );
    }
  });

  it('reads on beside a copy of nothing, and one that has no whole line', async () => {
    const path = bed.logPath();
    writeFileSync(path, '');
    await bed.start();
    copyFileSync(path, `${path}.1`);
    bed.append(path, 'one');
    await bed.until(() => bed.received.length === 1);
    expect(bed.messages).toEqual(['one']);
    const other = bed.logPath('other');
    writeFileSync(other, '');
    writeFileSync(`${other}.1`, '2026-11-21T10:00:00Z stdout F cut');
    utimesSync(`${other}.1`, 1_000, 1_000);
    bed.append(other, 'two');
    await bed.until(() => bed.messages.includes('two'));
  });

  it('reads the copy when a file is truncated before it was read', async () => {
    const log = bed.logPath();
    bed.append(log, 'first');
    const gate = new Gate();
    bed.gate = gate.opened;
    const lane = await bed.start();
    // Both slots are taken by requests that wait, so the rest stays unread.
    await bed.until(() => lane.inFlight === 1);
    bed.append(log, 'second');
    await bed.until(() => lane.inFlight === 2);
    bed.append(log, ...numbered(0, 20));
    copyFileSync(log, `${log}.1`);
    truncateSync(log, 0);
    bed.append(log, ...numbered(20, 30));
    await bed.catalog?.reconcile();
    gate.open();
    bed.gate = undefined;
    await bed.until(() => bed.received.length >= 32);
    expect(bed.messages).toEqual(['first', 'second', ...numbered(0, 30)]);
  });

  it('drains a file that is deleted while it is behind', async () => {
    const log = bed.logPath();
    bed.append(log, 'first');
    const gate = new Gate();
    bed.gate = gate.opened;
    const lane = await bed.start();
    await bed.until(() => lane.inFlight === 1);
    bed.append(log, 'second');
    await bed.until(() => lane.inFlight === 2);
    bed.append(log, ...numbered(0, 20));
    rmSync(dirname(log), { recursive: true });
    await bed.catalog?.reconcile();
    gate.open();
    bed.gate = undefined;
    await bed.until(() => bed.received.length >= 22);
    expect(bed.messages).toEqual(['first', 'second', ...numbered(0, 20)]);
  });

  it('reads what was written to a file just before another took its name, before that one', async () => {
    const log = bed.logPath();
    bed.append(log, 'first');
    bed.appendRaw(log, cri('one, ', 'stdout', 'P'));
    const lane = await bed.start();
    await bed.until(() => bed.received.length === 1);
    const [cursor] = lane.cursors;
    await bed.until(() => cursor?.isWaiting === true);
    bed.appendRaw(log, cri('two, ', 'stdout', 'P'));
    rmSync(log);
    bed.appendRaw(log, cri('three'));
    await bed.until(() => bed.received.length === 2);
    expect(bed.messages).toEqual(['first', 'one, two, three']);
  });

  it('reads an archive whose first line is longer than a turn of the scheduler allows', async () => {
    const [log, other] = [bed.logPath('app'), bed.logPath('other')];
    bed.append(other, 'first');
    const gate = new Gate();
    bed.gate = gate.opened;
    const lane = await bed.start({ readBytes: 4096 });
    await bed.until(() => lane.inFlight === 1);
    bed.append(other, 'second');
    await bed.until(() => lane.inFlight === 2);
    bed.append(log, 'y'.repeat(30_000), 'after');
    await bed.catalog?.reconcile();
    writeFileSync(`${log}.1.gz`, gzipSync(readFileSync(log)));
    rmSync(log);
    bed.append(log, 'next');
    await bed.catalog?.reconcile();
    gate.open();
    bed.gate = undefined;
    await bed.until(() => bed.received.length === 5);
    expect(bed.messages.slice(2)).toEqual(['y'.repeat(30_000), 'after', 'next']);
  });

  it('counts what vanished while it was down', async () => {
    const log = bed.logPath();
    bed.append(log, ...numbered(0, 10));
    await bed.start();
    await bed.until(() => bed.received.length === 10);
    bed.gate = new Gate().opened;
    bed.append(log, ...numbered(10, 20));
    await bed.until(() => bed.lane?.inFlight === 1);
    await bed.lane?.flushCheckpoint();
    await bed.kill();
    const unacknowledged = numbered(10, 20).reduce((sum, line) => sum + cri(line).length, 0);
    rmSync(log);
    bed.append(log, 'new');
    bed.gate = undefined;
    await bed.start();
    await bed.until(() => bed.lost.length === 1);
    expect(bed.lost[0]).toMatchObject({ bytes: unacknowledged, reason: 'deleted_while_down' });
    await bed.until(() => bed.messages.includes('new'));
  });

  it('counts what vanished while it was down, though it was killed before it could tell', async () => {
    const log = bed.logPath();
    bed.append(log, ...numbered(0, 10));
    bed.gate = new Gate().opened;
    await bed.start();
    await bed.until(() => bed.lane?.inFlight === 1);
    await bed.lane?.flushCheckpoint();
    await bed.kill();
    const { size } = statSync(log);
    rmSync(log);
    bed.append(log, 'new');
    const lane = await bed.start();
    await bed.until(() => lane.inFlight === 1);
    await lane.flushCheckpoint();
    await bed.kill();
    expect(bed.lost).toEqual([]);
    bed.gate = undefined;
    await bed.start();
    await bed.until(() => bed.lost.length === 1 && bed.received.length === 1);
    expect(bed.lost[0]).toMatchObject({ bytes: size, reason: 'deleted_while_down' });
  });

  it('counts what a copy lacks that was made while its file was written to, and reads on behind it', async () => {
    const log = bed.logPath();
    bed.append(log, 'first');
    const gate = new Gate();
    bed.gate = gate.opened;
    const lane = await bed.start();
    await bed.until(() => lane.inFlight === 1);
    bed.append(log, 'second');
    await bed.until(() => lane.inFlight === 2);
    bed.append(log, ...numbered(0, 10));
    copyFileSync(log, `${log}.1`);
    const { size } = statSync(log);
    bed.append(log, ...numbered(10, 20));
    const lostBytes = statSync(log).size - size;
    await bed.catalog?.reconcile();
    truncateSync(log, 0);
    bed.append(log, ...numbered(20, 30));
    utimesSync(`${log}.1`, 0, 0);
    await bed.catalog?.reconcile();
    gate.open();
    bed.gate = undefined;
    await bed.until(() => bed.received.length === 22 && lane.ledger.lostBytes.size > 0);
    expect(bed.messages).toEqual(['first', 'second', ...numbered(0, 10), ...numbered(20, 30)]);
    expect([...lane.ledger.lostBytes]).toEqual([['truncated', lostBytes]]);
  });

  it('joins nothing to a fragment whose rest was lost', async () => {
    const log = bed.logPath();
    bed.append(log, 'first');
    const gate = new Gate();
    bed.gate = gate.opened;
    const lane = await bed.start();
    await bed.until(() => lane.inFlight === 1);
    appendFileSync(log, cri('second') + cri('begun', 'stderr', 'P'));
    await bed.until(() => lane.inFlight === 2);
    appendFileSync(log, cri('its rest', 'stderr'));
    await bed.catalog?.reconcile();
    truncateSync(log, 0);
    appendFileSync(log, cri('other', 'stderr'));
    await bed.catalog?.reconcile();
    gate.open();
    bed.gate = undefined;
    await bed.until(() => bed.received.length === 4);
    expect(bed.received.map(({ message, log: { flags } }) => [message, flags])).toEqual([
      ['first', undefined],
      ['second', undefined],
      ['begun', ['partial']],
      ['other', undefined],
    ]);
    expect([...lane.ledger.lostBytes.keys()]).toEqual(['truncated']);
  });

  it('joins nothing to a fragment whose rest vanished while it was down', async () => {
    const log = bed.logPath();
    appendFileSync(log, cri('begun', 'stderr', 'P'));
    bed.gate = new Gate().opened;
    const lane = await bed.start();
    await bed.until(() => lane.ledger.readBytes > 0);
    renameSync(log, `${log}.20261121-100000`);
    appendFileSync(log, cri('its rest', 'stderr'));
    await bed.until(() => lane.inFlight === 1);
    await lane.flushCheckpoint();
    await bed.kill();
    rmSync(log);
    appendFileSync(log, cri('other', 'stderr'));
    bed.gate = undefined;
    await bed.start();
    await bed.until(() => bed.received.length === 2);
    expect(bed.received.map(({ message, log: { flags } }) => [message, flags])).toEqual([
      ['begun', ['partial']],
      ['other', undefined],
    ]);
    expect(bed.lost).toMatchObject([{ reason: 'deleted_while_down' }]);
  });

  it('keeps the fragments of two containers of a pod apart that are written in turn', async () => {
    await bed.start();
    const [app, proxy] = [bed.logPath('app'), bed.logPath('proxy')];
    for (let piece = 0; piece < 3; piece++) {
      const tag = piece < 2 ? 'P' : 'F';
      bed.appendRaw(app, cri(`a${piece}`, 'stdout', tag), cri(`A${piece}`, 'stderr', tag));
      bed.appendRaw(proxy, cri(`p${piece}`, 'stdout', tag));
      await bed.until(() => bed.lane?.ledger.readBytes === statSync(app).size + statSync(proxy).size);
    }
    await bed.until(() => bed.received.length === 3);
    const joined = bed.received.map(
      ({ message, stream, log }) => `${log.file.path.split('/').at(-2)} ${stream} ${message}`,
    );
    expect(joined.sort()).toEqual(['app stderr A0A1A2', 'app stdout a0a1a2', 'proxy stdout p0p1p2']);
  });

  it('joins fragments of both streams across a rotation, bounded and flagged', async () => {
    const log = bed.logPath();
    appendFileSync(log, cri('a1', 'stdout', 'P') + cri('b1', 'stderr', 'P:x') + cri('a2', 'stdout', 'P'));
    await bed.start();
    await bed.until(() => (bed.lane?.ledger.readBytes ?? 0) > 0);
    renameSync(log, `${log}.20261121-100000`);
    appendFileSync(
      log,
      cri('b2', 'stderr') + cri('a3') + cri('x'.repeat(20_000), 'stdout', 'P') + cri('y'.repeat(20_000)),
    );
    await bed.until(() => bed.received.length === 3);
    expect(bed.messages[0]).toBe('b1b2');
    expect(bed.messages[1]).toBe('a1a2a3');
    expect(bed.received[1]?.log.offset).toBe(0);
    expect(bed.messages[2]).toBe('x'.repeat(20_000) + 'y'.repeat(12_768));
    expect(bed.received[2]?.log.flags).toEqual(['truncated']);
    const ledger = bed.lane?.ledger;
    await bed.until(() => ledger?.inFlightBytes === 0);
    expect(ledger?.readBytes).toBe((ledger?.ackedBytes ?? 0) + (ledger?.droppedBytes.get('truncated') ?? 0));
  });

  it('cuts a line longer than its buffer and goes on behind it', async () => {
    const log = bed.logPath();
    appendFileSync(log, cri('z'.repeat(300_000)));
    bed.append(log, 'after');
    await bed.start();
    await bed.until(() => bed.received.length === 2);
    expect(bed.messages).toEqual(['z'.repeat(32_768), 'after']);
    const ledger = bed.lane?.ledger;
    await bed.until(() => ledger?.inFlightBytes === 0);
    expect(ledger?.readBytes).toBe(readFileSync(log).length);
  });

  it('reads a line longer than two turns of the scheduler allow', async () => {
    const log = bed.logPath();
    bed.append(log, 'y'.repeat(60_000), 'after');
    await bed.start({ readBytes: 16_384, maxLineBytes: 65_536, inputBytes: 65_536 + 1_024 });
    await bed.until(() => bed.received.length === 2);
    expect(bed.messages).toEqual(['y'.repeat(60_000), 'after']);
  });

  it('takes the pod from the pods folder where a link there leads to the runtime’s own file', async () => {
    const file = join(bed.root, 'docker/c0de-json.log');
    mkdirSync(dirname(file));
    appendFileSync(file, `${JSON.stringify({ log: 'hello\n', stream: 'stdout', time: '2026-11-21T10:00:01Z' })}\n`);
    const link = bed.logPath();
    symlinkSync(file, link);
    await bed.start();
    await bed.until(() => bed.received.length === 1);
    expect(bed.received[0]).toMatchObject({ log: { file: { path: link } }, kubernetes: { pod: { name: 'web-0' } } });
  });

  it('tells generations apart whose first lines differ only behind their first KiB', async () => {
    const log = bed.logPath();
    const entry = (second: number): string =>
      `${JSON.stringify({ log: `${'w'.repeat(5_000)}\n`, stream: 'stdout', time: `2026-11-21T10:00:0${second}Z` })}\n`;
    appendFileSync(log, entry(1));
    await bed.start();
    await bed.until(() => bed.received.length === 1);
    await bed.stop();
    renameSync(log, `${log}.1`);
    appendFileSync(log, entry(2));
    await bed.start();
    await bed.until(() => bed.received.length === 2);
    expect(bed.received.map((record) => record['@timestamp'])).toEqual([
      '2026-11-21T10:00:01Z',
      '2026-11-21T10:00:02Z',
    ]);
  });

  it('ships lines that are in no format raw and flagged, and docker entries decoded', async () => {
    appendFileSync(bed.logPath('raw'), 'no cri line\n');
    appendFileSync(
      bed.logPath('docker'),
      `${JSON.stringify({ log: 'half', stream: 'stderr', time: '2026-11-21T10:00:00.5Z' })}\n` +
        `${JSON.stringify({ log: ' whole "é"\n', stream: 'stderr', time: '2026-11-21T10:00:01Z' })}\n`,
    );
    await bed.start();
    await bed.until(() => bed.received.length === 2);
    const byStream = new Map(bed.received.map((record) => [record.stream, record]));
    expect(byStream.get('stdout')).toMatchObject({ message: 'no cri line', log: { flags: ['unparsed'] } });
    expect(byStream.get('stderr')).toMatchObject({ message: 'half whole "é"', '@timestamp': '2026-11-21T10:00:00.5Z' });
  });

  it('in once mode ends everything that has no end', async () => {
    const log = bed.logPath();
    appendFileSync(log, cri('whole') + cri('open', 'stdout', 'P') + cri('cut').slice(0, -1));
    const lane = await bed.start({ once: true });
    await bed.until(() => lane.isIdle);
    expect(bed.received.map(({ message, log: { flags } }) => [message, flags])).toEqual([
      ['whole', undefined],
      ['opencut', ['partial']],
    ]);
    await bed.stop();
    const again = await bed.start({ once: true });
    await bed.until(() => again.isIdle);
    expect(bed.received.length).toBe(2);
  });
});

/** Every doubt is heard of, and none is cleared up: what a scan finds while files change faster than it looks. */
class StubbornCatalog extends Catalog {
  doubts = 0;
  /** Most doubts between two turns of the event loop. */
  mostAtOnce = 0;
  readonly #changed = new Set<(log: ContainerLog) => void>();
  #atOnce = 0;

  override attach(reader: Parameters<Catalog['attach']>[0]): void {
    super.attach(reader);
    this.#changed.add((log) => reader.changed(log));
  }

  override scanFolder(folder: string): Promise<void> {
    return this.doubts === 0 ? super.scanFolder(folder) : Promise.resolve();
  }

  override doubt(generation: Generation): void {
    this.doubts++;
    if (this.#atOnce++ === 0) setImmediate(() => (this.#atOnce = 0));
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    // A lane that spins would never let the test fail.
    if (this.#atOnce > 100) throw new Error('the lane spins');
    for (const changed of this.#changed) queueMicrotask(() => changed(generation.log));
  }
}

describe('a lane in doubt about a file', () => {
  let bed: LaneBed;
  let log = '';
  beforeEach(() => {
    bed = new LaneBed();
    bed.catalogClass = StubbornCatalog;
    log = bed.logPath();
  });
  afterEach(async () => {
    await bed.stop();
    bed.remove();
  });
  const generation = (): Generation =>
    [...(bed.catalog?.logs.values() ?? [])][0]?.generations[0] ?? expect.fail('none');

  function expectPatience(): void {
    expect(bed.faults).toEqual([]);
    expect(bed.catalog instanceof StubbornCatalog && bed.catalog.mostAtOnce).toBe(1);
  }

  async function doubts(count: number): Promise<void> {
    await bed.until(() => bed.catalog instanceof StubbornCatalog && bed.catalog.doubts >= count);
  }

  it('waits between looks at a file that keeps opening with other bytes, and goes on once it does not', async () => {
    bed.append(log, 'one');
    await bed.start();
    await bed.until(() => bed.received.length === 1);
    const { head } = generation();
    generation().head = headOf(Buffer.from('2026-11-21T09:00:00.000000001Z stdout F another file\n'));
    bed.append(log, 'two');
    await doubts(4);
    expectPatience();
    generation().head = head;
    await bed.until(() => bed.received.length === 2);
    expect(bed.messages).toEqual(['one', 'two']);
  });

  it.each([
    { once: false },
    { once: true },
  ])('waits between looks at a file that has fewer bytes than it should, %o', async ({ once }) => {
    bed.append(log, 'one');
    const lane = await bed.start({ once });
    await bed.until(() => bed.received.length === 1 && lane.isIdle);
    generation().sizeBytes += 100;
    lane.changed(generation().log);
    await doubts(1);
    // In a file that may still grow, the size that was found wrong is not asked for again.
    if (once) await doubts(4);
    expectPatience();
    bed.append(log, 'x'.repeat(200));
    generation().sizeBytes += 200;
    await bed.until(() => bed.received.length === 2);
  });

  it('lets timers and signals have their turn while there is always more to read', async () => {
    let turned = false;
    let batches = 0;
    bed.transforms = [
      {
        type: 'writes_more_and_drops_all',
        apply: (batch, { dropped }) => {
          if (batches++ === 0) setImmediate(() => (turned = true));
          for (let row = 0; row < batch.rowCount; row++) {
            dropped('test', 1, batch.table.rawBytes(row));
            batch.table.setFlags(row, batch.table.flags(row) | FLAG_DROPPED);
          }
          if (turned || batches > 20_000) return;
          bed.append(log, 'more');
          generation().sizeBytes = statSync(log).size;
        },
      },
    ];
    bed.append(log, 'one');
    const lane = await bed.start();
    await bed.until(() => turned && lane.isIdle);
    expect(batches).toBeLessThan(20_000);
  });

  it('takes the lines of plain files as they stand, at the time of reading', async () => {
    const log = bed.logPath();
    bed.appendRaw(log, 'one\n', 'two\r\n', '\n', '2026-11-21T10:00:00Z stdout F three\n');
    const lane = await bed.start({ format: 'plain' });
    await bed.until(() => bed.received.length === 4);
    expect(bed.messages).toEqual(['one', 'two', '', '2026-11-21T10:00:00Z stdout F three']);
    expect(bed.received.map((record) => record.log.flags)).toEqual([undefined, undefined, undefined, undefined]);
    expect(lane.ledger).toMatchObject({ unparsedRecords: 0, inFlightBytes: 0 });
  });
});
