/** `vigie sidecar stream --rotate` as users run it, killed at any moment, under writers of every kind. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '@vigie/core/random';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numbered, numbersOf, type Sidecar, SidecarBed } from '../sidecar-bed.ts';

const SIZE_BYTES = 4096;
const ROUNDS = 6;
const ROTATIONS = 3;
/** One burst is a rotation or more. */
const BURST_LINES = 3_000;
/** What a writer that reopens on SIGHUP does: a line for each on its stdin, and `opened` on its stdout. */
const WRITER = `
const fs = require('node:fs');
let fd = fs.openSync(process.argv[1], 'a');
process.on('SIGHUP', () => { const old = fd; fd = fs.openSync(process.argv[1], 'a'); fs.closeSync(old); });
process.stdin.on('data', (bytes) => { for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at); process.stdout.write('x'); });
process.stdout.write('x');
`;

describe('vigie sidecar stream --rotate', () => {
  let bed: SidecarBed;
  const runs: Sidecar[] = [];
  const strangers: ChildProcess[] = [];
  beforeEach(() => {
    bed = new SidecarBed();
  });
  afterEach(() => {
    bed.close();
    runs.length = 0;
    for (const child of strangers.splice(0)) child.kill('SIGKILL');
  });

  function start(options: readonly string[], reading = true): Sidecar {
    const run = bed.start(
      [join(bed.logs, '*'), '--rotate', String(SIZE_BYTES), '--listen', '127.0.0.1:0', ...options],
      { reading },
    );
    runs.push(run);
    return run;
  }

  /** Kills and restarts it again and again while `write` writes, then lets it end. */
  async function torture(
    seed: number,
    options: readonly string[],
    write: (text: string) => Promise<void>,
  ): Promise<void> {
    const random = seededRandom(seed);
    let written = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const run = start(options);
      const lines = Math.ceil(BURST_LINES * random());
      await bed.urlOf(run);
      for (const end = written + lines; written < end; written += 30) {
        await write(numbered(written, written + 30));
        await pause(random() < 0.1 ? 20 * random() : 0);
      }
      // Looks come every 200 ms: kills fall before, in and behind one.
      await pause(500 * random());
      run.child.kill('SIGKILL');
      await run.exit;
    }
    const last = start(options);
    await bed.urlOf(last);
    // However many rotations the kills let happen.
    while (rotatedFiles().length < ROTATIONS) {
      await write(numbered(written, written + 300));
      written += 300;
      await pause(20);
    }
    await bed.until('the rest', () => distinct().size === written);
    last.child.kill('SIGTERM');
    expect(await last.exit, last.stderr()).toBe(0);
    await bed.until('what is in the pipe', () => distinct().size === written);
  }

  function distinct(): ReadonlySet<number> {
    return new Set(runs.flatMap(({ stdout }) => numbersOf(stdout.lines)));
  }

  function rotatedFiles(): readonly string[] {
    return readdirSync(bed.logs).filter((name) => name.startsWith('app.log-'));
  }

  /** In each run's order; what one repeats begins at its start, and was underway at the kill before. */
  function expectOrder(): void {
    let reached = 0;
    for (const { stdout } of runs) {
      const numbers = numbersOf(stdout.lines);
      if (numbers.length === 0) continue;
      const [first = 0] = numbers;
      expect(first).toBeLessThanOrEqual(reached);
      expect(numbers).toEqual(numbers.map((_, index) => first + index));
      reached = Math.max(reached, first + numbers.length);
    }
  }

  it.each([
    1, 2,
  ])('loses nothing of a writer that looks where its file is, killed again and again (seed %d)', async (seed) => {
    await torture(seed, ['--keep', '100'], async (text) => appendFileSync(bed.log, text));
    expectOrder();
  });

  it('loses nothing of a writer that reopens on a signal, killed again and again', async () => {
    const name = `writer-${process.pid}`;
    const script = join(bed.root, 'writer.cjs');
    writeFileSync(script, WRITER);
    const writer = spawn(process.execPath, ['-e', WRITER, bed.log], {
      argv0: name,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    strangers.push(writer);
    const echoes = writer.stdout[Symbol.asyncIterator]();
    await echoes.next();
    await torture(3, ['--keep', '100', '--rotate-signal-to', name], async (text) => {
      writer.stdin.write(text);
      await echoes.next();
    });
    expectOrder();
  });

  it('loses nothing of a writer that never reopens and does not write in the window, killed again and again', async () => {
    const fd = openSync(bed.log, 'a');
    await torture(4, ['--keep', '100', '--rotate-mode', 'copytruncate'], async (text) => {
      for (let waits = 0; statSync(bed.log).size >= SIZE_BYTES && waits < 1_000; waits++) await pause(2);
      writeSync(fd, text);
    });
    closeSync(fd);
    expectOrder();
  });

  it('keeps the volume as small as it was told to, and deletes nothing that is not streamed', async () => {
    const run = start(['--keep', '2', '--deleted-bytes-limit', '100MiB'], false);
    const url = await bed.urlOf(run);
    let written = 0;
    for (; written < 30_000; written += 1_000) {
      appendFileSync(bed.log, numbered(written, written + 1_000));
      await pause(30);
    }
    // The pipe takes some; all the rest is still there.
    expect(numbersOf(filesText().split('\n').slice(0, -1)).length).toBeGreaterThan(20_000);
    run.stdout.resume();
    await bed.until('all lines', () => distinct().size === written);
    await bed.until('two rotated files', () => readdirSync(bed.logs).filter((name) => name.includes('-')).length === 2);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'vigie_sidecar_deleted_files_total{output="stdout",reason="room"} 0\n',
    );
    expectOrder();
  });

  it('makes room where nobody reads, and counts what that loses once somebody does', async () => {
    const run = start(['--keep', '0', '--deleted-bytes-limit', '64KiB'], false);
    const url = await bed.urlOf(run);
    let written = 0;
    for (; written < 60_000; written += 2_000) {
      appendFileSync(bed.log, numbered(written, written + 2_000));
      await pause(20);
    }
    await bed.until('room', () => filesText().length < 200 * 1024);
    run.stdout.resume();
    const deleted = /^vigie_sidecar_lost_bytes_total\{output="stdout",reason="deleted_budget"\} (\d+)$/m;
    appendFileSync(bed.log, numbered(written, written + 1));
    await bed.until('the newest line', () => run.stdout.received.subarray(-20).includes(`line ${written}\n`));
    const numbers = numbersOf(run.stdout.lines);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    const there = distinct();
    const missing = Array.from({ length: written }, (_, n) => n).filter((n) => !there.has(n));
    const missingBytes = missing.reduce((sum, n) => sum + `line ${n}\n`.length, 0);
    const lost = Number(deleted.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
    expect(missing.length).toBeGreaterThan(0);
    expect(lost).toBe(missingBytes);
  });

  function filesText(): string {
    return readdirSync(bed.logs)
      .filter((name) => name.startsWith('app.log'))
      .map((name) => readFileSync(join(bed.logs, name), 'latin1'))
      .join('');
  }
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}
