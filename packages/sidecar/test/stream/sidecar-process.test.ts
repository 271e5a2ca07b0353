import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numbered, numbersOf, SidecarBed } from './sidecar-bed.ts';

const ROTATIONS = 50;
const LINES_PER_ROTATION = 200;
const KEPT = 5;

describe('vigie sidecar stream', () => {
  let bed: SidecarBed;
  const strangers: ChildProcess[] = [];
  beforeEach(() => {
    bed = new SidecarBed();
  });
  afterEach(() => {
    bed.close();
    for (const child of strangers.splice(0)) child.kill('SIGKILL');
  });

  const counting = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

  it('emits lines byte for byte, each with one newline, and nothing else', async () => {
    const bytes = Buffer.concat([
      Buffer.from('plain\n\n'),
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0x0a)),
      Buffer.from('\ncut off by \xc3\nwindows\r\n', 'latin1'),
    ]);
    writeFileSync(bed.log, bytes);
    const sidecar = bed.start();
    await bed.until('all bytes', () => sidecar.stdout.received.length >= bytes.length);
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toBe(0);
    expect(sidecar.stdout.received).toEqual(bytes);
    expect(sidecar.stderr()).toBe('');
  });

  it('drains to the ends of the files on SIGTERM, the last line without a newline too', async () => {
    writeFileSync(bed.log, 'begun\n');
    const sidecar = bed.start();
    await bed.until('the first line', () => sidecar.stdout.lines.length === 1);
    appendFileSync(bed.log, numbered(0, 50_000));
    appendFileSync(join(bed.logs, 'new.log'), 'last words');
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toBe(0);
    const lines = sidecar.stdout.lines.slice(1);
    expect(numbersOf(lines.filter((line) => line !== 'last words'))).toEqual(counting(50_000));
    expect(lines).toContain('last words');
  });

  it('goes on where it ended', async () => {
    writeFileSync(bed.log, numbered(0, 10));
    const first = bed.start();
    await bed.until('ten lines', () => first.stdout.lines.length === 10);
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(0);
    appendFileSync(bed.log, numbered(10, 20));
    const second = bed.start();
    await bed.until('ten more', () => second.stdout.lines.length === 10);
    second.child.kill('SIGTERM');
    expect(await second.exit).toBe(0);
    expect(numbersOf([...first.stdout.lines, ...second.stdout.lines])).toEqual(counting(20));
  });

  it('stops reading while nobody reads its stdout, and loses nothing', async () => {
    const total = 200_000;
    writeFileSync(bed.log, numbered(0, total));
    const sidecar = bed.start([bed.log, '--listen', '127.0.0.1:0'], { reading: false });
    const url = await bed.urlOf(sidecar);
    const readBytes = async (): Promise<number> =>
      metric(await text(`${url}/metrics`), 'vigie_sidecar_read_bytes_total');
    let before = -1;
    await bed.until('no more reads', async () => {
      const now = await readBytes();
      const stands = now > 0 && now === before;
      before = now;
      return stands;
    });
    // Two batches, what the pipe holds, and what the test's own socket took of it.
    expect(before).toBeLessThan(1024 * 1024);
    expect(await text(`${url}/livez`)).toContain('ok');
    sidecar.stdout.resume();
    await bed.until('all lines', () => sidecar.stdout.lines.length === total);
    expect(numbersOf(sidecar.stdout.lines)).toEqual(counting(total));
  });

  it('ends with 1 after its grace time when nobody reads, and the next one emits what was left', async () => {
    writeFileSync(bed.log, numbered(0, 100_000));
    const first = bed.start([bed.log, '--shutdown-grace', '300ms', '--listen', '127.0.0.1:0'], { reading: false });
    await bed.urlOf(first);
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(1);
    expect(first.stderr()).toMatch(/"error":"\d+ bytes were not taken in the grace time/);
    const second = bed.start([bed.log]);
    await bed.until('the rest', () => numbersOf(second.stdout.lines).at(-1) === 99_999);
    // What was taken before is there again at most from the last checkpoint on.
    const numbers = numbersOf(second.stdout.lines);
    expect(numbers).toEqual(counting(100_000).slice(numbers[0]));
  });

  it('ends with 1 when its reader is gone', async () => {
    writeFileSync(bed.log, numbered(0, 10));
    const sidecar = bed.start();
    await bed.until('ten lines', () => sidecar.stdout.lines.length === 10);
    sidecar.stdout.closeReader();
    await bed.until('the end', () => {
      if (sidecar.child.exitCode === null) appendFileSync(bed.log, 'more\n');
      return sidecar.child.exitCode !== null;
    });
    expect(await sidecar.exit).toBe(1);
    expect(sidecar.stderr()).toContain('"level":"error"');
    expect(sidecar.stderr()).toContain('the reader of stdout is gone');
  });

  it('ends with 1 when its reader goes while it drains, and the next one emits what was left', async () => {
    const total = 100_000;
    writeFileSync(bed.log, numbered(0, total));
    const first = bed.start([bed.log, '--until', bed.log, '--listen', '127.0.0.1:0'], { reading: false });
    const url = await bed.urlOf(first);
    await bed.until('a full pipe', async () => {
      return metric(await text(`${url}/metrics`), 'vigie_sidecar_output_wait_seconds') > 0.05;
    });
    first.stdout.closeReader();
    expect(await first.exit).toBe(1);
    const second = bed.start([bed.log]);
    await bed.until('the rest', () => numbersOf(second.stdout.lines).at(-1) === total - 1);
    const numbers = numbersOf(second.stdout.lines);
    expect(numbers).toEqual(counting(total).slice(numbers[0]));
  });

  it('loses nothing when it is killed, and emits again what was underway at most', async () => {
    const total = 60_000;
    const outputs: number[][] = [];
    let written = 0;
    for (let round = 0; round < 4; round++) {
      const sidecar = bed.start();
      const last = round === 3;
      const target = ((round + 1) * total) / 4;
      while (written < target) {
        appendFileSync(bed.log, numbered(written, written + 500));
        written += 500;
        await new Promise((resolve) => setImmediate(resolve));
      }
      const enough = last ? total - 1 : target - 10_000;
      await bed.until(`line ${enough}`, () => (numbersOf(sidecar.stdout.lines).at(-1) ?? 0) >= enough);
      sidecar.child.kill('SIGKILL');
      await sidecar.exit;
      outputs.push(numbersOf(sidecar.stdout.lines));
    }
    let next = 0;
    for (const numbers of outputs) {
      // Each in order and without a gap, from where the one before was acknowledged, or earlier.
      expect(numbers[0]).toBeLessThanOrEqual(next);
      expect(numbers).toEqual(counting(numbers.length).map((i) => i + (numbers[0] ?? 0)));
      next = (numbers.at(-1) ?? 0) + 1;
    }
    expect(next).toBe(total);
  });

  /** @param ahead rotations that the writer may be ahead of the reader
   *  @param rotate makes room for the next lines, the older ones being app.log.1 to app.log.KEPT */
  const rotating = async (ahead: number, rotate: () => void): Promise<void> => {
    writeFileSync(bed.log, '');
    const sidecar = bed.start();
    const total = ROTATIONS * LINES_PER_ROTATION;
    for (let round = 0; round < ROTATIONS; round++) {
      for (let i = 0; i < LINES_PER_ROTATION; i += 50) {
        const from = round * LINES_PER_ROTATION + i;
        appendFileSync(bed.log, numbered(from, from + 50));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const due = (round + 1 - ahead) * LINES_PER_ROTATION;
      await bed.until(`${due} lines`, () => sidecar.stdout.lines.length >= due);
      if (existsSync(`${bed.log}.${KEPT}`)) unlinkSync(`${bed.log}.${KEPT}`);
      for (let n = KEPT - 1; n >= 1; n--) {
        if (existsSync(`${bed.log}.${n}`)) renameSync(`${bed.log}.${n}`, `${bed.log}.${n + 1}`);
      }
      rotate();
    }
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toBe(0);
    expect(numbersOf(sidecar.stdout.lines)).toEqual(counting(total));
  };

  it('loses, repeats and reorders nothing over 50 rotations by rename', () =>
    // One more, and the oldest of what is kept would be deleted before its turn.
    rotating(KEPT - 1, () => {
      renameSync(bed.log, `${bed.log}.1`);
      writeFileSync(bed.log, '');
    }));

  it('loses, repeats and reorders nothing over 50 rotations by copy and truncate', () =>
    // One copy tells its place by what is missing from the file; the order of two that were made between two looks, 25 ms
    // apart, nothing tells.
    rotating(1, () => {
      copyFileSync(bed.log, `${bed.log}.1`);
      truncateSync(bed.log, 0);
    }));

  it('cuts lines that are too long, and counts them', async () => {
    writeFileSync(bed.log, `${'x'.repeat(5000)}\nshort\n${'y'.repeat(2_000_000)}\nend\n`);
    const sidecar = bed.start([bed.log, '--max-line-bytes', '1KiB', '--listen', '127.0.0.1:0']);
    const url = await bed.urlOf(sidecar);
    await bed.until('the last line', () => sidecar.stdout.lines.at(-1) === 'end');
    expect(sidecar.stdout.lines).toEqual(['x'.repeat(1024), 'short', 'y'.repeat(1024), 'end']);
    const metrics = await text(`${url}/metrics`);
    expect(metric(metrics, 'vigie_sidecar_truncated_lines_total')).toBe(2);
    expect(metrics).toContain(
      `vigie_sidecar_dropped_bytes_total{output="stdout",reason="truncated"} ${5000 - 1024 + 2_000_000 - 1024 + 1}\n`,
    );
  });

  it('says with --prefix name which file a line is from', async () => {
    writeFileSync(bed.log, 'one\r\n');
    writeFileSync(join(bed.logs, 'error.log'), 'two\n');
    const sidecar = bed.start([join(bed.logs, '*.log'), '--prefix', 'name']);
    await bed.until('both', () => sidecar.stdout.lines.length === 2);
    expect(sidecar.stdout.lines.sort()).toEqual(['app.log: one\r', 'error.log: two']);
  });

  it('wraps lines with --prefix json, with file, read time and offset', async () => {
    writeFileSync(bed.log, 'first\nsay "hi"\t\xff\n'.replace('\xff', 'é'));
    const sidecar = bed.start([bed.log, '--prefix', 'json']);
    await bed.until('both', () => sidecar.stdout.lines.length === 2);
    const documents = sidecar.stdout.lines.map((line) => JSON.parse(Buffer.from(line, 'latin1').toString('utf8')));
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(documents).toEqual([
      { time, file: bed.log, message: 'first', offset: 0 },
      { time, file: bed.log, message: 'say "hi"\té', offset: 6 },
    ]);
  });

  it('emits files of --stderr there and nowhere else, its own lines between theirs', async () => {
    writeFileSync(bed.log, numbered(0, 100));
    writeFileSync(join(bed.logs, 'error.log'), numbered(100, 300));
    const sidecar = bed.start([
      join(bed.logs, '*.log'),
      '--stderr',
      join(bed.logs, 'error*'),
      '--listen',
      '127.0.0.1:0',
    ]);
    await bed.until('all lines', () => sidecar.stderr().includes('line 299\n') && sidecar.stdout.lines.length === 100);
    await bed.urlOf(sidecar);
    expect(numbersOf(sidecar.stdout.lines)).toEqual(counting(100));
    const own = /^listening on/;
    const lines = sidecar.stderr().split('\n').slice(0, -1);
    expect(numbersOf(lines.filter((line) => !own.test(line)))).toEqual(counting(300).slice(100));
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toBe(0);
  });

  it('leaves files of --exclude alone', async () => {
    writeFileSync(join(bed.logs, 'debug.log'), 'noise\n');
    writeFileSync(bed.log, 'signal\n');
    const sidecar = bed.start([join(bed.logs, '*.log'), '--exclude', join(bed.logs, 'debug*')]);
    await bed.until('a line', () => sidecar.stdout.lines.length > 0);
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toBe(0);
    expect(sidecar.stdout.lines).toEqual(['signal']);
  });

  it('ends by itself once the file of --until is there, with everything emitted', async () => {
    writeFileSync(bed.log, numbered(0, 10));
    const sidecar = bed.start([bed.log, '--until', join(bed.root, 'done')]);
    await bed.until('ten lines', () => sidecar.stdout.lines.length === 10);
    appendFileSync(bed.log, numbered(10, 1000));
    writeFileSync(join(bed.root, 'done'), '');
    expect(await sidecar.exit).toBe(0);
    expect(numbersOf(sidecar.stdout.lines)).toEqual(counting(1000));
  });

  it('ends by itself once the program of --until-exit has ended', async () => {
    const program = join(bed.root, 'my-job');
    copyFileSync('/bin/sleep', program);
    chmodSync(program, 0o755);
    const job = spawn(program, ['1000'], { stdio: 'ignore' });
    strangers.push(job);
    await bed.until('the job', () => readFileSync(`/proc/${job.pid}/comm`, 'utf8') === 'my-job\n');
    writeFileSync(bed.log, numbered(0, 10));
    const sidecar = bed.start([bed.log, '--until-exit', 'my-job', '--listen', '127.0.0.1:0']);
    await bed.urlOf(sidecar);
    expect(sidecar.child.exitCode).toBe(null);
    job.kill();
    expect(await sidecar.exit).toBe(0);
    expect(numbersOf(sidecar.stdout.lines)).toEqual(counting(10));
  });

  it('ends when it is told to though the application goes on writing, and the next one goes on there', async () => {
    let written = 0;
    const writing = setInterval(() => {
      appendFileSync(bed.log, numbered(written, written + 5));
      written += 5;
    }, 10);
    const stream = [bed.log, '--shutdown-grace', '2s', '--drain-quiet', '1s', '--listen', '127.0.0.1:0'];
    const first = bed.start(stream);
    await bed.urlOf(first);
    await bed.until('some lines', () => first.stdout.lines.length > 20);
    first.child.kill('SIGTERM');
    expect(await first.exit, first.stderr()).toBe(0);
    clearInterval(writing);
    const second = bed.start(stream);
    await bed.until('the rest', () => first.stdout.lines.length + second.stdout.lines.length >= written);
    expect(numbersOf([...first.stdout.lines, ...second.stdout.lines])).toEqual(counting(written));
  });

  it('takes its options from a file, and changed ones on SIGHUP, without losing or repeating a line', async () => {
    const config = join(bed.root, 'sidecar.yaml');
    const write = (prefix: string): void =>
      writeFileSync(config, `files: ["${bed.log}"]\nlisten: 127.0.0.1:0\nprefix: ${prefix}\n`);
    write('none');
    writeFileSync(bed.log, 'one\n');
    const sidecar = bed.start(['--config', config]);
    const url = await bed.urlOf(sidecar);
    await bed.until('one line', () => sidecar.stdout.lines.length === 1);
    write('nonsense');
    const refused = await fetch(`${url}/-/reload`, { method: 'POST' });
    expect([refused.status, await refused.text()]).toEqual([
      500,
      expect.stringContaining('sidecar.yaml:3:9: prefix: expected'),
    ]);
    write('name');
    sidecar.child.kill('SIGHUP');
    await bed.until('a reload', async () =>
      (await text(`${url}/metrics`)).includes('vigie_sidecar_reloads_total{result="success"} 1'),
    );
    appendFileSync(bed.log, 'two\n');
    await bed.until('another line', () => sidecar.stdout.lines.length > 1);
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toBe(0);
    expect(sidecar.stdout.lines).toEqual(['one', 'app.log: two']);
  });

  it('emits every line once when a reload waits for the reader and SIGTERM does not let it', async () => {
    const total = 100_000;
    writeFileSync(bed.log, numbered(0, total));
    const config = join(bed.root, 'sidecar.yaml');
    writeFileSync(config, `files: ["${bed.log}"]\nlisten: 127.0.0.1:0\n`);
    const sidecar = bed.start(['--config', config], { reading: false });
    const url = await bed.urlOf(sidecar);
    await bed.until('a full pipe', async () => {
      return metric(await text(`${url}/metrics`), 'vigie_sidecar_output_wait_seconds') > 0.05;
    });
    const reload = fetch(`${url}/-/reload`, { method: 'POST' }).then(({ status }) => status);
    // The answer to this one was begun behind the reload's beginning.
    await text(`${url}/metrics`);
    sidecar.child.kill('SIGTERM');
    expect(await reload).toBe(500);
    sidecar.stdout.resume();
    expect(await sidecar.exit).toBe(0);
    const numbers = numbersOf(sidecar.stdout.lines);
    expect(numbers).toEqual(counting(total));
  });

  it('exits 2 on bad usage: an unknown sub-command, an unknown option, nothing to follow, a bad file', async () => {
    const unknown = spawn(process.execPath, [
      join(import.meta.dirname, '../../../cli/dist/vigie.cjs'),
      'sidecar',
      'ship',
    ]);
    strangers.push(unknown);
    expect(await new Promise((resolve) => unknown.on('close', resolve))).toBe(2);
    expect(await bed.start([bed.log, '--prefix', 'loud']).exit).toBe(2);
    const nothing = bed.start([]);
    expect(await nothing.exit).toBe(2);
    expect(nothing.stderr()).toContain('nothing to follow');
    const config = join(bed.root, 'bad.yaml');
    writeFileSync(config, 'files: [a]\nprefx: none\n');
    const bad = bed.start(['--config', config]);
    expect(await bad.exit).toBe(2);
    expect(bad.stderr()).toContain(`${config}:2:1: prefx: expected one of the keys`);
  });

  it('exits 1 where it cannot keep its checkpoint, and says what to do', async () => {
    writeFileSync(join(bed.root, 'file'), '');
    const sidecar = bed.start([bed.log, '--data-dir', join(bed.root, 'file/below')]);
    expect(await sidecar.exit).toBe(1);
    expect(sidecar.stderr()).toContain('data-dir names another folder');
  });

  it('goes on without a port where another sidecar of the pod has the default one', async () => {
    writeFileSync(bed.log, 'line\n');
    mkdirSync(join(bed.root, 'a'));
    mkdirSync(join(bed.root, 'b'));
    const config = join(bed.root, 'sidecar.yaml');
    writeFileSync(config, `files: ["${bed.log}"]\n`);
    const first = bed.start(['--config', config, '--data-dir', join(bed.root, 'a')]);
    const second = bed.start(['--config', config, '--data-dir', join(bed.root, 'b')]);
    await bed.until('both lines', () => first.stdout.lines.length + second.stdout.lines.length === 2);
    await bed.until('the warning', () => (first.stderr() + second.stderr()).includes('the default address is taken'));
    for (const { child } of [first, second]) child.kill('SIGTERM');
    expect([await first.exit, await second.exit]).toEqual([0, 0]);
  });

  it('serves health and metrics', async () => {
    writeFileSync(bed.log, numbered(0, 3));
    const sidecar = bed.start([bed.log, '--listen', '127.0.0.1:0']);
    const url = await bed.urlOf(sidecar);
    await bed.until('three lines', async () =>
      (await text(`${url}/metrics`)).includes('vigie_sidecar_emitted_lines_total{output="stdout"} 3\n'),
    );
    expect(await text(`${url}/readyz`)).toBe('[+]stdout ok\nok\n');
    expect(await text(`${url}/livez`)).toBe('[+]stdout ok\nok\n');
  });
});

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

function metric(metrics: string, name: string): number {
  return Number(new RegExp(`^${name}\\{output="stdout"\\} (\\S+)$`, 'm').exec(metrics)?.[1]);
}
