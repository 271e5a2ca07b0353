import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@vigie/core/clock';
import * as v from 'valibot';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PushedGroup } from '../../../src/lane/push-lane.ts';
import type { Outlet } from '../../../src/sources/intake.ts';
import { JournaldSource, journaldSchema } from '../../../src/sources/journald/source.ts';

const JOURNALCTL = fileURLToPath(new URL('./journalctl.program.mjs', import.meta.url));

/** Takes what is pushed; while it holds, it says so only when it is told what became of it. */
class TestOutlet implements Outlet {
  readonly messages: string[] = [];
  readonly ids: string[] = [];
  #held: ((taken: boolean) => void)[] = [];
  holds = false;

  push(groups: readonly PushedGroup[]): Promise<boolean> {
    for (const { facts, records } of groups) {
      for (const { message, sequence } of records) {
        this.messages.push(Buffer.from(message).toString());
        this.ids.push(`${facts.idPrefix}-${sequence}`);
      }
    }
    return this.holds ? new Promise((resolve) => this.#held.push(resolve)) : Promise.resolve(true);
  }

  release(taken: boolean): void {
    this.holds = false;
    for (const settle of this.#held.splice(0)) settle(taken);
  }
}

class Bed {
  readonly folder = mkdtempSync(join(tmpdir(), 'vigie-journald-'));
  readonly position = join(this.folder, 'sources', 'journal.position');
  readonly warnings: string[] = [];
  bootId = 'b00t';
  #written = 0;

  constructor() {
    writeFileSync(join(this.folder, 'journal'), '');
    onTestFinished(() => rmSync(this.folder, { recursive: true }));
  }

  log(...messages: string[]): void {
    for (const MESSAGE of messages) {
      const number = ++this.#written;
      const entry = {
        __CURSOR: `s=1;i=${number}`,
        __REALTIME_TIMESTAMP: `${1_763_726_400_000_000 + number}`,
        __MONOTONIC_TIMESTAMP: `${number}`,
        _BOOT_ID: this.bootId,
        MESSAGE,
      };
      appendFileSync(join(this.folder, 'journal'), `${JSON.stringify(entry)}\n`);
    }
  }

  /** What journald removes to make room. */
  forget(entries: number): void {
    const path = join(this.folder, 'journal');
    writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(entries).join('\n'));
  }

  /** A journalctl to which this is the journal of the machine. */
  machineJournalctl(): string {
    const path = join(this.folder, 'journalctl');
    writeFileSync(path, `#!/bin/sh\nexec ${JOURNALCTL} --directory=${this.folder} "$@"\n`, { mode: 0o755 });
    return path;
  }

  /** The arguments of each call of journalctl. */
  get calls(): string[][] {
    const path = join(this.folder, 'calls');
    if (!existsSync(path)) return [];
    // A line that is being written has no newline yet.
    return readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  async start(section: object = {}, { once = false, random = (): number => 0 } = {}) {
    const config = v.parse(journaldSchema, {
      type: 'journald',
      directory: this.folder,
      journalctl: JOURNALCTL,
      ...section,
    });
    const counts: Record<string, number> = {};
    const source = new JournaldSource('journal', config, this.position, {
      clock: systemClock,
      random,
      fs: fsPromises,
      nodeName: 'node-0',
      once,
      events: {
        count: (_source, outcome, records) => {
          counts[outcome] = (counts[outcome] ?? 0) + records;
        },
        warn: (_source, message, fields) => void this.warnings.push(`${message} ${JSON.stringify(fields)}`),
      },
    });
    const outlet = new TestOutlet();
    await source.start();
    onTestFinished(async () => {
      outlet.release(false);
      await source.close();
    });
    source.connect([outlet]);
    return { source, outlet, counts };
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('journald', () => {
  test('follows the journal, and goes on behind the last entry that arrived', async () => {
    const bed = new Bed();
    bed.log('one', 'two');
    const first = await bed.start();
    await until(() => first.outlet.messages.length === 2);
    bed.log('three');
    await until(() => first.outlet.messages.length === 3);
    await first.source.close();
    expect(first.counts).toEqual({ accepted: 3 });
    bed.log('four');
    const second = await bed.start();
    await until(() => second.outlet.messages.length === 1);
    expect(second.outlet.messages).toEqual(['four']);
    expect(bed.calls.map((call) => call.filter((word) => /cursor|lines/.test(word)))).toEqual([
      ['--lines=all'],
      ['--cursor=s=1;i=3', '--lines=all'],
    ]);
  });

  test('what earlier boots left is read before the current one is followed', async () => {
    const bed = new Bed();
    bed.log('one', 'two');
    const machine = { directory: undefined, journalctl: bed.machineJournalctl() };
    const first = await bed.start(machine, { once: true });
    await until(() => first.source.isDone);
    bed.log('three');
    bed.bootId = 'other';
    bed.log('four');
    const second = await bed.start(machine);
    await until(() => second.outlet.messages.length === 2);
    await until(() => bed.calls.at(-1)?.includes('--follow') === true);
    bed.log('five');
    await until(() => second.outlet.messages.length === 3);
    expect(second.outlet.messages).toEqual(['three', 'four', 'five']);
  });

  test('of a folder all boots are followed', async () => {
    const bed = new Bed();
    bed.log('one');
    bed.bootId = 'other';
    bed.log('two');
    const { outlet } = await bed.start();
    await until(() => outlet.messages.length === 2);
    expect(bed.calls).toEqual([expect.arrayContaining(['--follow', '--merge'])]);
  });

  test('goes on with what there is where the entry that it ended with was removed', async () => {
    const bed = new Bed();
    bed.log('one', 'two');
    const first = await bed.start({}, { once: true });
    await until(() => first.source.isDone);
    bed.log('three', 'four');
    bed.forget(2);
    const second = await bed.start({}, { once: true });
    await until(() => second.source.isDone);
    expect(second.outlet.messages).toEqual(['three', 'four']);
  });

  test('what no sink had yet is read again by the next process, with the same ids', async () => {
    const bed = new Bed();
    bed.log('one');
    const first = await bed.start();
    await until(() => first.outlet.messages.length === 1);
    first.outlet.holds = true;
    bed.log('two', 'three');
    await until(() => first.outlet.messages.length === 3);
    first.outlet.release(false);
    first.source.connect([]);
    await first.source.close();
    const second = await bed.start();
    await until(() => second.outlet.messages.length === 2);
    expect(second.outlet.messages).toEqual(['two', 'three']);
    expect(second.outlet.ids).toEqual(first.outlet.ids.slice(1));
  });

  test('what lanes give up is read again for those that replace them', async () => {
    const bed = new Bed();
    const { source, outlet } = await bed.start();
    outlet.holds = true;
    bed.log('one');
    await until(() => outlet.messages.length === 1);
    const replacing = new TestOutlet();
    source.connect([replacing]);
    outlet.release(false);
    await until(() => replacing.messages.length === 1);
    bed.log('two');
    await until(() => replacing.messages.length === 2);
    expect(replacing.messages).toEqual(['one', 'two']);
  });

  test('what arrived is in the position while journalctl runs, so that a killed process sends little again', async () => {
    const bed = new Bed();
    const { outlet } = await bed.start();
    for (let number = 1; number <= 3; number++) {
      bed.log(String(number));
      await until(() => outlet.messages.length === number);
    }
    await until(() => existsSync(bed.position) && readFileSync(bed.position, 'utf8').includes('i=3'));
    expect(bed.calls).toHaveLength(1);
  });

  test('read_from end begins with what is logged from now on', async () => {
    const bed = new Bed();
    bed.log('before');
    const { outlet } = await bed.start({ read_from: 'end' });
    await until(() => bed.calls.length === 1);
    // It may count the journal's lines after this: until one arrives, more come.
    let number = 0;
    while (outlet.messages.length === 0) {
      bed.log(`after ${number++}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(outlet.messages[0]).toMatch(/^after/);
    expect(bed.calls[0]).toContain('--lines=0');
  });

  test('selects units, the kernel and the boot as journalctl does', async () => {
    const bed = new Bed();
    await bed.start({ units: ['kubelet.service', 'containerd.service'], kernel: true, current_boot_only: true });
    await until(() => bed.calls.length === 1);
    const units = (field: string): string[] => [`${field}=kubelet.service`, `${field}=containerd.service`];
    expect(bed.calls[0]).toContain('--boot');
    expect(bed.calls[0]?.slice(bed.calls[0].indexOf('--lines=all') + 1)).toEqual([
      ...units('_SYSTEMD_UNIT'),
      ...['+', '_PID=1', ...units('UNIT')],
      ...['+', '_UID=0', ...units('OBJECT_SYSTEMD_UNIT')],
      ...['+', '_UID=0', ...units('COREDUMP_UNIT')],
      ...['+', '_TRANSPORT=kernel'],
    ]);
  });

  test('a journalctl that fails is a problem to read of, and is started again', async () => {
    const bed = new Bed();
    writeFileSync(join(bed.folder, 'broken'), '');
    bed.log('one');
    const { source, outlet } = await bed.start();
    await until(() => source.problem !== undefined);
    expect(source.problem).toContain('Failed to open the journal');
    rmSync(join(bed.folder, 'broken'));
    await until(() => outlet.messages.length === 1);
    expect(bed.warnings[0]).toContain('the journal cannot be read now');
  });

  test('without a journalctl it says so', async () => {
    const bed = new Bed();
    const { source } = await bed.start({ journalctl: join(bed.folder, 'no-such-program') }, { random: () => 0.999 });
    await until(() => source.problem !== undefined);
    expect(source.problem).toContain('journalctl cannot be run');
  });

  test('a damaged position is said, and reading begins as for the first time', async () => {
    const bed = new Bed();
    bed.log('one');
    const first = await bed.start();
    await until(() => first.counts.accepted === 1);
    await first.source.close();
    appendFileSync(bed.position, 'x');
    const second = await bed.start();
    await until(() => second.outlet.messages.length === 1);
    expect(bed.warnings).toEqual([expect.stringContaining('the position in the journal was damaged')]);
    expect(second.outlet.ids).toEqual(first.outlet.ids);
  });

  test('once: done at the end of the journal', async () => {
    const bed = new Bed();
    bed.log('one', 'two');
    const { source, outlet } = await bed.start({}, { once: true });
    await until(() => source.isDone);
    expect(outlet.messages).toEqual(['one', 'two']);
    expect(bed.calls[0]).not.toContain('--follow');
  });
});
