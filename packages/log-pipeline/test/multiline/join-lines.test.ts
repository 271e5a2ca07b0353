import { renameSync } from 'node:fs';
import { seededRandom } from '@vigie/core/random';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { java } from '../../src/multiline/java.ts';
import type { Multiline } from '../../src/multiline/join-lines.ts';
import { cri, Gate, LaneBed } from '../lane/harness.ts';

const JAVA: Multiline = { stdout: java, stderr: java, maxLines: 500, maxBytes: 32_768, timeoutMs: 50 };
/** Longer than any test: only a next line, or the end of the run, completes a record. */
const NEVER_MS = 600_000;

const withJava = (options: Partial<Multiline> = {}) => ({ multiline: { ...JAVA, ...options } });

describe('a lane that joins lines', () => {
  let bed: LaneBed;
  beforeEach(() => {
    bed = new LaneBed();
  });
  afterEach(async () => {
    await bed.stop();
    expect(bed.faults).toEqual([]);
    bed.remove();
  });

  it('makes one record of a stack trace, with the time and offset of its first line', async () => {
    const log = bed.logPath();
    bed.append(log, 'ready', 'Error: x', '\tat a', '\tat b', 'next');
    const lane = await bed.start(withJava());
    await bed.until(() => bed.received.length === 3);
    expect(bed.messages).toEqual(['ready', 'Error: x\n\tat a\n\tat b', 'next']);
    expect(bed.received[1]?.log.offset).toBe(cri('ready').length);
    expect(lane.ledger).toMatchObject({ readRecords: 3, ackedRecords: 3, inFlightBytes: 0 });
    expect(lane.ledger.ackedBytes).toBe(lane.ledger.readBytes);
  });

  it('joins lines of different reads, and of different generations', async () => {
    const log = bed.logPath();
    bed.append(log, 'Error: x', '\tat a');
    const lane = await bed.start(withJava({ timeoutMs: NEVER_MS }));
    await bed.until(() => lane.ledger.readBytes > 0);
    bed.append(log, '\tat b');
    renameSync(log, `${log}.20261121-100000`);
    bed.append(log, '\tat c', 'next', 'last');
    await bed.until(() => bed.received.length === 2);
    expect(bed.messages).toEqual(['Error: x\n\tat a\n\tat b\n\tat c', 'next']);
  });

  it('keeps the streams of a container apart', async () => {
    const log = bed.logPath();
    bed.appendRaw(log, cri('Error: out'), cri('Error: err', 'stderr'), cri('\tat out'), cri('\tat err', 'stderr'));
    await bed.start(withJava());
    await bed.until(() => bed.received.length === 2);
    expect(bed.messages.sort()).toEqual(['Error: err\n\tat err', 'Error: out\n\tat out']);
  });

  it('joins lines of which some came in fragments', async () => {
    const log = bed.logPath();
    bed.appendRaw(log, cri('Error: ', 'stdout', 'P'));
    const lane = await bed.start(withJava({ timeoutMs: NEVER_MS }));
    await bed.until(() => lane.ledger.readBytes > 0);
    bed.appendRaw(log, cri('long'), cri('\tat ', 'stdout', 'P'), cri('a'), cri('next'), cri('last'));
    await bed.until(() => bed.received.length === 2);
    expect(bed.messages).toEqual(['Error: long\n\tat a', 'next']);
    expect(bed.received[0]?.log.offset).toBe(0);
  });

  it('begins another record where lines or bytes reach their limit, and loses none', async () => {
    const log = bed.logPath();
    const frames = Array.from({ length: 10 }, (_, index) => `\tat ${index}`);
    bed.append(log, 'Error: x', ...frames, 'next');
    const lane = await bed.start(withJava({ maxLines: 4 }));
    await bed.until(() => bed.received.length === 4);
    expect(bed.messages.map((message) => message.split('\n').length)).toEqual([4, 4, 3, 1]);
    expect(bed.messages.join('\n')).toBe(['Error: x', ...frames, 'next'].join('\n'));
    expect(lane.ledger.cutRecords).toBe(2);
  });

  it('ships what is open when everything is read once', async () => {
    bed.append(bed.logPath(), 'Error: x', '\tat a');
    await bed.start({ ...withJava({ timeoutMs: NEVER_MS }), once: true });
    await bed.until(() => bed.received.length === 1);
    expect(bed.messages).toEqual(['Error: x\n\tat a']);
  });

  it('keeps the checkpoint before a record that is open: killed, it reads the whole record again', async () => {
    const log = bed.logPath();
    bed.append(log, 'before', 'Error: x', '\tat a');
    const lane = await bed.start(withJava({ timeoutMs: NEVER_MS }));
    await bed.until(() => bed.received.length === 1);
    await lane.flushCheckpoint();
    await bed.kill();
    bed.append(log, '\tat b', 'after', 'last');
    await bed.start(withJava({ timeoutMs: NEVER_MS }));
    await bed.until(() => bed.received.length === 3);
    expect(bed.messages).toEqual(['before', 'Error: x\n\tat a\n\tat b', 'after']);
  });

  it('keeps the checkpoint there although later lines of the other stream are acknowledged', async () => {
    const log = bed.logPath();
    bed.appendRaw(log, cri('Error: x', 'stderr'), cri('one'), cri('two'));
    const lane = await bed.start(withJava({ timeoutMs: NEVER_MS }));
    await bed.until(() => bed.received.length === 1);
    await lane.flushCheckpoint();
    await bed.kill();
    bed.appendRaw(log, cri('\tat a', 'stderr'), cri('end', 'stderr'));
    await bed.start(withJava());
    await bed.until(() => bed.messages.includes('end') && bed.messages.includes('two'));
    expect(bed.messages).toContain('Error: x\n\tat a');
    expect(bed.messages).not.toContain('\tat a');
  });

  it('does not end a record while the sink is stuck and its next line waits in the file', async () => {
    const log = bed.logPath();
    bed.append(log, ...Array.from({ length: 200 }, (_, index) => `fill ${index} ${'x'.repeat(1000)}`), 'Error: x');
    const gate = new Gate();
    bed.gate = gate.opened;
    const lane = await bed.start({ ...withJava({ timeoutMs: 1 }), batchBytes: 16_384, readBytes: 16_384 });
    await bed.until(() => lane.inFlight === 2);
    bed.append(log, '\tat a', 'end');
    gate.open();
    await bed.until(() => bed.messages.includes('end'));
    expect(bed.messages).toContain('Error: x\n\tat a');
  });

  it.each([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  ])('loses no line and cuts no record, whatever kills it (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const log = bed.logPath();
    const expected: string[] = [];
    const open: Record<string, string[]> = { stdout: [], stderr: [] };
    let written = 0;
    const writeSome = (): void => {
      const lines: string[] = [];
      for (let count = below(40); count >= 0; count--) {
        const stream = random() < 0.7 ? 'stdout' : 'stderr';
        const record = open[stream] ?? [];
        const frame = record.length > 0 && random() < 0.5;
        const text = `${frame ? '\tat ' : `${stream} `}${written++}${'.'.repeat(below(random() < 0.1 ? 3000 : 50))}`;
        if (!frame && record.length > 0) expected.push(record.splice(0).join('\n'));
        record.push(text);
        if (random() < 0.2) {
          const cut = 1 + below(text.length - 1);
          lines.push(cri(text.slice(0, cut), stream, 'P'), cri(text.slice(cut), stream));
        } else lines.push(cri(text, stream));
      }
      bed.appendRaw(log, ...lines);
    };
    let rotations = 0;
    for (let round = 0; round < 12; round++) {
      writeSome();
      const lane = await bed.start({
        ...withJava({ timeoutMs: NEVER_MS }),
        readBytes: 1024 + below(8192),
        batchBytes: 1024 + below(8192),
        maxLineBytes: 8192,
      });
      const seen = bed.received.length;
      writeSome();
      if (random() < 0.4) renameSync(log, `${log}.20261121-1000${String(rotations++).padStart(2, '0')}`);
      writeSome();
      if (random() < 0.7) await bed.until(() => bed.received.length > seen);
      if (random() < 0.5) await lane.flushCheckpoint();
      await (random() < 0.7 ? bed.kill() : bed.stop());
    }
    await bed.start({ ...withJava({ timeoutMs: NEVER_MS }), once: true });
    for (const record of Object.values(open)) if (record.length > 0) expected.push(record.join('\n'));
    await bed.until(() => new Set(bed.messages).size >= expected.length);
    expect([...new Set(bed.messages)].sort()).toEqual(expected.sort());
  });
});
