import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Output } from '../../src/stream/output.ts';
import { OwnLines } from '../../src/stream/own-lines.ts';
import { Fifo } from './fifo.ts';

/** Many times what a pipe holds. */
const MUCH = 1024 * 1024;

describe('Output', () => {
  let folder = '';
  const fifos: Fifo[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigie-output-'));
  });
  afterEach(() => {
    for (const fifo of fifos.splice(0)) fifo.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const fifoOf = (reading: boolean): Fifo => {
    const fifo = new Fifo(join(folder, 'pipe'), reading);
    fifos.push(fifo);
    return fifo;
  };
  const pattern = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 31) % 251));

  it('is done with a write when the reader has made room for all of it, and not before', async () => {
    const fifo = fifoOf(false);
    const output = new Output('stdout', fifo.writeFd, systemClock);
    let done = 0;
    const written = [pattern(MUCH), Buffer.from('end\n')].map((bytes) => output.write(bytes).then(() => done++));
    // What waits has had every turn that it could use.
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(0);
    expect(output.waitsMs).toBeGreaterThan(0);
    fifo.resume();
    await Promise.all(written);
    expect(output.waitsMs).toBe(0);
    while (fifo.received.length < MUCH + 4) await new Promise((resolve) => setImmediate(resolve));
    expect(fifo.received).toEqual(Buffer.concat([pattern(MUCH), Buffer.from('end\n')]));
  });

  it('leaves a pipe that others write to as it was: blocking', async () => {
    const fifo = fifoOf(true);
    const output = new Output('stdout', fifo.writeFd, systemClock);
    await output.write(Buffer.from('line\n'));
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fifo.writeFd}`, 'utf8'))?.[1] ?? '';
    expect(Number.parseInt(flags, 8) & 0o4000).toBe(0);
  });

  it('says when its reader has gone, at every write from then on', async () => {
    const fifo = fifoOf(true);
    const output = new Output('stdout', fifo.writeFd, systemClock);
    await output.write(Buffer.from('line\n'));
    fifo.closeReader();
    await new Promise((resolve) => setImmediate(resolve));
    const gone = expect.objectContaining({ code: 'OUTPUT_CLOSED', message: 'the reader of stdout is gone' });
    await expect(output.write(Buffer.from('more\n'))).rejects.toEqual(gone);
    await expect(output.write(Buffer.from('more\n'))).rejects.toEqual(gone);
  });

  it('appends to a file behind what others wrote there', async () => {
    const fd = openSync(join(folder, 'file'), 'w');
    writeSync(fd, 'before\n');
    const output = new Output('stdout', fd, systemClock);
    await Promise.all([output.write(Buffer.from('one\n')), output.write(Buffer.from('two\n'))]);
    closeSync(fd);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('before\none\ntwo\n');
  });

  describe('lines of our own', () => {
    it('are written at once where no file is streamed', () => {
      const fd = openSync(join(folder, 'file'), 'w');
      new OwnLines(fd).write('a line\n');
      closeSync(fd);
      expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('a line\n');
    });

    it('are counted, not waited for, when there is no room', () => {
      const fifo = fifoOf(false);
      const own = new OwnLines(fifo.writeFd);
      const line = `${'x'.repeat(1023)}\n`;
      for (let i = 0; i < 200; i++) own.write(line);
      expect(own.dropped).toBeGreaterThan(0);
      expect(own.dropped).toBeLessThan(200);
    });

    it('stand between batches of an output that files are streamed to, a bounded number at a time', async () => {
      const fifo = fifoOf(false);
      const output = new Output('stderr', fifo.writeFd, systemClock);
      const own = new OwnLines(fifo.writeFd);
      own.output = output;
      const batch = `${'x'.repeat(MUCH)}\n`;
      const written = output.write(Buffer.from(batch));
      for (let i = 0; i < 150; i++) own.write(`own ${i}\n`);
      expect(own.dropped).toBe(50);
      fifo.resume();
      await written;
      await own.flushed();
      const expected = batch + Array.from({ length: 100 }, (_, i) => `own ${i}\n`).join('');
      while (fifo.received.length < expected.length) await new Promise((resolve) => setImmediate(resolve));
      expect(fifo.received.toString()).toBe(expected);
    });
  });
});
