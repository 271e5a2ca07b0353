import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import type { LogFields } from '@vigie/core/log';
import { Catalog } from '@vigie/log-pipeline/tail/catalog';
import type { CatalogReader } from '@vigie/log-pipeline/tail/catalog-reader';
import type { Generation } from '@vigie/log-pipeline/tail/generation';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isCopyOf } from '../../../src/stream/rotate/copy-truncate.ts';
import { recoverRotations } from '../../../src/stream/rotate/recovery.ts';
import type { RotationRules } from '../../../src/stream/rotate/rotation.ts';
import { Rotator } from '../../../src/stream/rotate/rotator.ts';
import { KillableFs, Killed } from './killable-fs.ts';

const SIZE = 10_000;
const SEALED_MS = 5_100;
const RULES: RotationRules = {
  sizeBytes: SIZE,
  keep: 1,
  mode: 'create',
  signal: 'USR1',
  signalTo: undefined,
  unstreamedBytesLimit: 3 * SIZE,
};

/** A reader that has taken every byte up to where a test says. */
class Reader implements CatalogReader {
  readonly taken = new Map<Generation, number>();
  blocked = false;
  changed(): void {}
  removed(): void {}
  finished(generation: Generation): boolean {
    return generation.sizeBytes === 0 || (!this.blocked && generation.gone === undefined);
  }
  position(generation: Generation): number {
    return this.blocked ? 0 : generation.sizeBytes;
  }
}

let folder = '';
let log = '';
let clock: FakeClock;
let catalog: Catalog;
let reader: Reader;
let said: { level: string; message: string; fields: LogFields | undefined }[] = [];
let told: string[] = [];
let flush: 'written' | 'ENOSPC' | 'EIO' = 'written';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigie-rotate-'));
  log = join(folder, 'app.log');
  clock = new FakeClock(Date.now());
  said = [];
  told = [];
  flush = 'written';
  reader = new Reader();
  await openCatalog();
});
afterEach(async () => {
  await catalog.close();
  rmSync(folder, { recursive: true, force: true });
});

async function openCatalog(): Promise<void> {
  catalog = new Catalog(
    {
      paths: [join(folder, '*.log')],
      reconcileIntervalMs: 1e9,
      maxOpenFiles: 16,
      deletedBytesLimit: 0,
      accepts: () => true,
    },
    {
      clock,
      reports: { error: (_what, path, error) => expect.fail(`${path}: ${String(error)}`), rotated: () => undefined },
    },
  );
  catalog.attach(reader);
  await catalog.start();
}

function rotatorOf(
  rules: Partial<RotationRules> = {},
  { fs = new KillableFs().fs, unheard = [] as string[], tell = 1 } = {},
): Rotator {
  const at = (level: string) => (message: string, fields?: LogFields) => void said.push({ level, message, fields });
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => logger };
  return new Rotator({ ...RULES, ...rules }, unheard, {
    clock,
    log: logger,
    fs,
    logs: {
      all: () => catalog.logs.values(),
      isStreamed: (generation) => reader.finished(generation),
      flushCheckpoint: () =>
        Promise.resolve(
          flush === 'written'
            ? { status: 'written', entries: 1, sizeBytes: 1 }
            : { status: 'failed', code: flush, error: new Error(flush) },
        ),
      look: (one) => catalog.scanFolder(one.folder),
      giveUp: (generation) => catalog.giveUp(generation),
    },
    tell: (program, signal) => {
      told.push(`${signal} ${program}`);
      return tell;
    },
  });
}

/** As time goes by: the catalog sees what happened, the rotator looks. */
async function pass(rotator: Rotator, ms = 200): Promise<void> {
  await clock.advance(ms);
  await catalog.reconcile();
  await catalog.scanFolder(folder);
  await rotator.look();
}

/** Lines of 20 bytes. */
function lines(from: number, count: number): string {
  return Array.from({ length: count }, (_, i) => `line ${String(from + i).padStart(14, '0')}\n`).join('');
}

function rotated(): string[] {
  return readdirSync(folder)
    .filter((name) => name !== 'app.log')
    .sort();
}

function allBytes(): string {
  return [...rotated(), ...(existsSync(log) ? ['app.log'] : [])]
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

describe('the rotator', () => {
  it('leaves a file alone that is smaller than asked for, and renames a larger one, with one of its mode in its place', async () => {
    writeFileSync(log, lines(0, 499), { mode: 0o640 });
    const rotator = rotatorOf();
    await pass(rotator);
    expect(rotated()).toEqual([]);
    appendFileSync(log, lines(499, 1));
    const { ino } = statSync(log);
    await pass(rotator);
    const [name = ''] = rotated();
    expect(rotated()).toEqual([expect.stringMatching(/^app\.log-\d{8}-\d{9}$/)]);
    expect(statSync(join(folder, name)).ino).toBe(ino);
    expect([statSync(log).size, statSync(log).mode & 0o777]).toEqual([0, 0o640]);
    expect(allBytes()).toBe(lines(0, 500));
  });

  it('leaves the making of the next file to its writer where it is told so', async () => {
    writeFileSync(log, lines(0, 500));
    await pass(rotatorOf({ mode: 'nocreate' }));
    expect(existsSync(log)).toBe(false);
    expect(rotated()).toHaveLength(1);
  });

  it('deletes what is streamed, at rest and beyond what is kept, and nothing before', async () => {
    const rotator = rotatorOf({ keep: 1 });
    for (let n = 0; n < 3; n++) {
      appendFileSync(log, lines(n * 500, 500));
      await pass(rotator);
    }
    expect(rotated()).toHaveLength(3);
    reader.blocked = true;
    await pass(rotator, SEALED_MS);
    expect(rotated()).toHaveLength(3);
    reader.blocked = false;
    await pass(rotator);
    expect(rotated()).toHaveLength(1);
    expect(allBytes()).toBe(lines(1000, 500));
    expect(rotator.counts).toMatchObject({ rotated: 3, deletedStreamed: 2, deletedUnstreamed: 0 });
  });

  it('does not delete what is not in the checkpoint, unless it is a full disk that keeps it from being written', async () => {
    writeFileSync(log, lines(0, 500));
    const rotator = rotatorOf({ keep: 0 });
    await pass(rotator);
    flush = 'EIO';
    await pass(rotator, SEALED_MS);
    expect(rotated()).toHaveLength(1);
    flush = 'ENOSPC';
    await pass(rotator);
    expect(rotated()).toHaveLength(0);
  });

  it('does not delete a file that its writer came back to', async () => {
    writeFileSync(log, lines(0, 500));
    const fd = openSync(log, 'a');
    const rotator = rotatorOf({ keep: 0 });
    await pass(rotator);
    await clock.advance(SEALED_MS);
    await catalog.reconcile();
    writeSync(fd, lines(500, 1));
    await rotator.look();
    expect(allBytes()).toBe(lines(0, 501));
    closeSync(fd);
  });

  it('deletes the oldest for room when the reader takes nothing, counts and tells it, and the catalog counts the bytes', async () => {
    const rotator = rotatorOf({ keep: 1, unstreamedBytesLimit: 2 * SIZE });
    reader.blocked = true;
    for (let n = 0; n < 3; n++) {
      appendFileSync(log, lines(n * 500, 500));
      await pass(rotator, SEALED_MS);
    }
    expect(rotator.counts.deletedUnstreamed).toBe(0);
    expect(allBytes()).toBe(lines(0, 1500));
    const [oldest] = [...catalog.logs.values()][0]?.generations ?? [];
    appendFileSync(log, lines(1500, 500));
    await pass(rotator, SEALED_MS);
    expect(rotator.counts).toMatchObject({ rotated: 4, deletedUnstreamed: 1 });
    expect(allBytes()).toBe(lines(500, 1500));
    expect(oldest).toMatchObject({ gone: 'deleted_budget', path: undefined, sizeBytes: SIZE });
    expect(said.filter(({ level }) => level === 'error')).toEqual([
      {
        level: 'error',
        message: expect.stringContaining('deleted for room'),
        fields: { path: expect.any(String), bytes: SIZE },
      },
    ]);
  });

  it('tells the writer once, again while it still writes to the rotated file, and warns when that does not help', async () => {
    writeFileSync(log, lines(0, 500));
    const fd = openSync(log, 'a');
    const rotator = rotatorOf({ signalTo: 'nginx' });
    await pass(rotator);
    expect(told).toEqual(['USR1 nginx']);
    await pass(rotator, 6_000);
    expect(told).toHaveLength(1);
    for (let n = 0; n < 4; n++) {
      writeSync(fd, lines(500 + n, 1));
      await pass(rotator, 3_000);
    }
    expect(told.length).toBeGreaterThan(1);
    expect(said.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(rotator.counts.notReopened).toBe(1);
    appendFileSync(log, lines(504, 1));
    await pass(rotator);
    expect(rotator.counts.notReopened).toBe(0);
    closeSync(fd);
  });

  it('says when there is nobody to tell', async () => {
    writeFileSync(log, lines(0, 500));
    const rotator = rotatorOf({ signalTo: 'nginx' }, { tell: 0 });
    await pass(rotator);
    expect(rotator.counts).toMatchObject({ signalsSent: 0, signalsFailed: 1 });
    expect(said[0]?.message).toContain('no process to tell');
  });

  it('copies and truncates under a writer that never reopens, bytes in their order', async () => {
    const fd = openSync(log, 'a');
    const rotator = rotatorOf({ mode: 'copytruncate', keep: 5 });
    for (let n = 0; n < 4; n++) {
      writeSync(fd, lines(n * 600, 600));
      await pass(rotator);
      expect(statSync(log).size).toBe(0);
    }
    writeSync(fd, lines(2400, 3));
    closeSync(fd);
    expect(allBytes()).toBe(lines(0, 2403));
    expect(rotator.counts).toMatchObject({ rotated: 4, failed: 0 });
    expect(rotator.counts.longestWindowMs).toBeLessThan(1_000);
  });

  it('takes what is written while it copies, and cuts at the end of a line', async () => {
    writeFileSync(log, lines(0, 500));
    const fd = openSync(log, 'a');
    let at = 500;
    const fs = new KillableFs((name) => {
      // A writer that is as fast as that; it stops before the cut, where nothing can be done.
      if (name !== 'ftruncateSync' && at < 600) writeSync(fd, lines(at++, 1));
    }).fs;
    const rotator = rotatorOf({ mode: 'copytruncate' }, { fs });
    await pass(rotator);
    expect(at).toBeGreaterThan(500);
    expect(statSync(log).size).toBe(0);
    expect(allBytes()).toBe(lines(0, at));
    writeSync(fd, `${lines(at, 500)}half a line`);
    await pass(rotator);
    expect(statSync(log).size).toBeGreaterThan(0);
    expect(rotated()).toHaveLength(1);
    for (let looks = 0; looks < 20 && statSync(log).size > 0; looks++) await pass(rotator);
    expect(statSync(log).size).toBe(0);
    closeSync(fd);
    expect(allBytes()).toBe(`${lines(0, at)}${lines(at, 500)}half a line`);
  });

  it('makes no copy of what is streamed where none is to be kept', async () => {
    writeFileSync(log, lines(0, 500));
    await pass(rotatorOf({ mode: 'copytruncate', keep: 0 }));
    expect([rotated(), statSync(log).size]).toEqual([[], 0]);
  });

  it('on a full volume cuts what is streamed without a copy, and else waits until the room is needed', async () => {
    const full = new Proxy(new KillableFs().fs, {
      get: (target, name, receiver) =>
        name === 'writeSync'
          ? () => {
              throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
            }
          : Reflect.get(target, name, receiver),
    });
    writeFileSync(log, lines(0, 500));
    const rotator = rotatorOf({ mode: 'copytruncate', keep: 2, unstreamedBytesLimit: SIZE }, { fs: full });
    reader.blocked = true;
    await pass(rotator);
    expect([rotated(), statSync(log).size]).toEqual([[], SIZE]);
    reader.blocked = false;
    await pass(rotator);
    expect([rotated(), statSync(log).size]).toEqual([[], 0]);
    reader.blocked = true;
    writeFileSync(log, lines(500, 1000));
    await pass(rotator);
    expect([rotated(), statSync(log).size]).toEqual([[], 0]);
  });

  it.each([
    'create',
    'nocreate',
    'copytruncate',
  ] as const)('killed before any of its calls in mode %s leaves every byte once for the next one', async (mode) => {
    for (let call = 0; ; call++) {
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
      await catalog.close();
      // Two pieces of a copy.
      writeFileSync(log, lines(0, 15_000));
      reader = new Reader();
      await openCatalog();
      const killable = new KillableFs();
      killable.killAt(call);
      const rotator = rotatorOf({ mode, sizeBytes: 50_000 }, { fs: killable.fs });
      await rotator.look();
      const wasKilled = killable.calls > call;
      await catalog.close();
      const unheard = await recoverRotations([join(folder, '*.log')], mode, {
        clock,
        fs: new KillableFs().fs,
        accepts: () => true,
        failed: (path, error) => expect.fail(`${path}: ${String(error)}`),
      });
      if (!existsSync(log)) {
        expect(mode).toBe('nocreate');
        writeFileSync(log, '');
      }
      expect(allBytes(), `killed before call ${call}`).toBe(lines(0, 15_000));
      expect(rotated().filter((name) => name.endsWith('.tmp'))).toEqual([]);
      // Whoever may not have heard of it is told again.
      if (statSync(log).size === 0) expect(unheard).toEqual([log]);
      await openCatalog();
      const next = rotatorOf({ mode, sizeBytes: 50_000 });
      await pass(next);
      expect(allBytes()).toBe(lines(0, 15_000));
      expect([statSync(log, { throwIfNoEntry: false })?.size ?? 0, rotated().length]).toEqual([0, 1]);
      if (!wasKilled) {
        expect(call).toBeGreaterThan(0);
        return;
      }
    }
  });

  it('does not take a rotated file for a copy that only begins as the live one does', async () => {
    const copy = `${log}-20261129-093000000`;
    writeFileSync(copy, `# header\n${lines(0, 10)}`);
    writeFileSync(log, `# header\n${lines(10, 20)}`);
    const deps = { clock, fs: new KillableFs().fs, accepts: () => true, failed: expect.fail };
    await recoverRotations([join(folder, '*.log')], 'copytruncate', deps);
    expect(existsSync(copy)).toBe(true);
    truncateSync(copy, 9);
    expect(isCopyOf(copy, log, deps.fs)).toBe(true);
  });

  it('is not ended by a failure: it counts it and goes on', async () => {
    const broken = new Proxy(new KillableFs().fs, {
      get: (target, name, receiver) =>
        name === 'renameSync'
          ? () => {
              throw new Killed();
            }
          : Reflect.get(target, name, receiver),
    });
    writeFileSync(log, lines(0, 500));
    const rotator = rotatorOf({}, { fs: broken });
    await pass(rotator);
    await pass(rotator);
    expect(rotator.counts).toMatchObject({ rotated: 0, failed: 2 });
    expect(allBytes()).toBe(lines(0, 500));
  });
});
