/** Entries of a real journal, made by systemd-journal-remote and read by journalctl, through kills of the agent, rotation and removal. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AgentProcess, runVigie, startAgent, writeConfig } from './agent-process.ts';
import { putLogTemplate } from './data-stream.ts';
import { until } from './deadline.ts';
import { inForm } from './form.ts';
import { temporaryFolder } from './leash.ts';
import { createJournal, type JournalFields, type RealJournal } from './parts/journal.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { progress } from './progress.ts';
import { at } from './rest.ts';
import { untilStored, walk } from './walk.ts';

const STREAM = 'logs-journald-default';
const TIMEOUT_MS = 60_000;
const CHUNKS = inForm(24, 200);
const CHUNK = 1000;
const KILLS = inForm(3, 10);
/** Microseconds: any moment. */
const BEGINNING = 1_763_719_200_000_000;

const UNITS = ['kubelet.service', 'containerd.service'];

/** What entry n is, in turn. */
const KINDS: readonly ((n: number) => JournalFields)[] = [
  (n) => ({
    _SYSTEMD_UNIT: 'kubelet.service',
    _PID: '812',
    SYSLOG_IDENTIFIER: 'kubelet',
    MESSAGE: `${n} I1121 "Syncing" é`,
  }),
  (n) => ({ _SYSTEMD_UNIT: 'containerd.service', PRIORITY: '3', MESSAGE: `${n} panic:\n\tgoroutine 1 [running]:\n\n` }),
  (n) => ({ _TRANSPORT: 'kernel', SYSLOG_IDENTIFIER: 'kernel', PRIORITY: '4', MESSAGE: `${n} oom-kill: "x"` }),
  (n) => ({ _SYSTEMD_UNIT: 'kubelet.service', MESSAGE: Buffer.from(`${n} \0\xff\n=\u001b[0m\n`, 'latin1') }),
  (n) => ({ _PID: '1', _SYSTEMD_UNIT: 'init.scope', UNIT: 'kubelet.service', MESSAGE: `${n} kubelet.service: Failed` }),
  (n) => ({ _SYSTEMD_UNIT: 'containerd.service', MESSAGE: `${n} ${'long '.repeat(n % 100 === 5 ? 20_000 : 50)}` }),
  (n) => ({ _SYSTEMD_UNIT: 'ssh.service', MESSAGE: `${n} of no unit that is wanted` }),
  (n) => ({ _PID: '1', _SYSTEMD_UNIT: 'init.scope', UNIT: 'ssh.service', MESSAGE: `${n} nor this` }),
];
const WANTED_KINDS = 6;

/** The machine starts again half way: its monotonic clock does too. */
function entry(n: number): JournalFields {
  const boot = Math.floor((2 * n) / (CHUNKS * CHUNK));
  return {
    __REALTIME_TIMESTAMP: String(BEGINNING + n * 10),
    __MONOTONIC_TIMESTAMP: String(1_000_000 + (n % ((CHUNKS * CHUNK) / 2)) * 10),
    _BOOT_ID: String(boot + 1).repeat(32),
    ...KINDS[n % KINDS.length]?.(n),
  };
}

function isWanted(n: number): boolean {
  return n % KINDS.length < WANTED_KINDS;
}

/** Numbers from..to-1. */
function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function messageOf(n: number): string {
  return Buffer.from(entry(n).MESSAGE ?? '').toString();
}

let journal: RealJournal;
let folder: string;
let agent: AgentProcess | undefined;
beforeEach(() => {
  journal = createJournal();
  folder = temporaryFolder('journald');
});
afterEach(() => agent?.kill9());

function config(sink: object, source: object = { directory: journal.folder, journalctl: journal.journalctl }): string {
  return writeConfig(folder, {
    data_dir: join(folder, 'data'),
    sources: { node: { type: 'journald', units: UNITS, kernel: true, ...source } },
    sinks: { out: { inputs: ['node'], ...sink } },
  });
}

function outFile(): string {
  return join(folder, 'out.ndjson');
}

/** Of the messages that the file sink wrote. */
function writtenNumbers(): readonly number[] {
  const lines = existsSync(outFile()) ? readFileSync(outFile(), 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => Number.parseInt(String(at(JSON.parse(line), 'message')), 10));
}

describe('followed', () => {
  let server: RealServer | undefined;
  afterEach(() => server?.stop());

  test('every wanted entry is stored once, as it was written, through kills, boots and rotations', async () => {
    server = await startOpenSearch();
    await putLogTemplate(server, { stream: STREAM });
    const sink = {
      type: 'elasticsearch',
      endpoints: [server.url],
      data_stream: STREAM,
      id: 'deterministic',
      setup: false,
    };
    const path = config(sink);
    journal.append(numbers(0, CHUNK).map(entry));
    agent = await startAgent(path);
    const logEnd = (): string => agent?.logEnd() ?? '';
    const killAt = Math.floor(CHUNKS / (KILLS + 1));
    const wantedBelow = (end: number): number => numbers(0, end).filter(isWanted).length;
    for (let chunk = 1; chunk < CHUNKS; chunk++) {
      journal.append(numbers(chunk * CHUNK, (chunk + 1) * CHUNK).map(entry));
      if (chunk % 5 === 0) journal.rotate();
      if (chunk % killAt !== 0 || chunk / killAt > KILLS) continue;
      // In the middle of what it sends: of the newest pieces some are there.
      await untilStored(server, STREAM, wantedBelow(chunk * CHUNK) - CHUNK / 2, logEnd);
      await agent.kill9();
      progress(`kill ${chunk / killAt}`);
      agent = await startAgent(path);
    }
    const total = CHUNKS * CHUNK;
    await untilStored(server, STREAM, wantedBelow(total), logEnd);

    const faults: string[] = [];
    const seen = new Set<number>();
    await walk(server, STREAM, (document) => {
      const message = String(at(document, 'message'));
      const n = Number.parseInt(message, 10);
      if (seen.has(n)) faults.push(`${n} twice`);
      seen.add(n);
      if (!isWanted(n) || message !== messageOf(n)) faults.push(`${n}: ${JSON.stringify(document).slice(0, 200)}`);
    });
    expect(faults.slice(0, 10)).toEqual([]);
    expect(numbers(0, total).filter((n) => isWanted(n) && !seen.has(n))).toEqual([]);
    progress(`${seen.size} entries of ${total} are wanted, and there once`);

    // One that starts again sends nothing of what was there.
    expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
    agent = await startAgent(path);
    journal.append([
      { ...entry(total - KINDS.length), __REALTIME_TIMESTAMP: String(BEGINNING * 2), MESSAGE: '0 last' },
    ]);
    await untilStored(server, STREAM, seen.size + 1, logEnd);
    const labels = { source: 'node', outcome: 'accepted' };
    await until(
      'the count',
      TIMEOUT_MS,
      async () => (await agent?.metric('vigie_agent_pushed_records_total', labels)) || undefined,
    );
    expect(await agent.metric('vigie_agent_pushed_records_total', labels)).toBe(1);
  });

  test('of the machine, what earlier boots left comes before what is written now', async () => {
    const middle = (CHUNKS * CHUNK) / 2;
    journal.append(numbers(middle - 300, middle + 300).map(entry));
    const journalctl = join(folder, 'journalctl');
    const script = `#!/bin/sh\nexec ${journal.journalctl} --directory=${journal.folder} "$@"\n`;
    writeFileSync(journalctl, script, { mode: 0o755 });
    agent = await startAgent(config({ type: 'file', path: outFile() }, { journalctl }));
    const wantedBelow = (end: number): readonly number[] => numbers(middle - 300, end).filter(isWanted);
    const state = (): string => `${writtenNumbers().length} are there; ${agent?.logEnd()}`;
    const arrive = (end: number): Promise<true> => {
      const count = wantedBelow(end).length;
      return until('the entries', TIMEOUT_MS, () => writtenNumbers().length >= count || undefined, state);
    };
    await arrive(middle + 300);
    journal.append(numbers(middle + 300, middle + 400).map(entry));
    await arrive(middle + 400);
    journal.rotate();
    journal.append(numbers(middle + 400, middle + 500).map(entry));
    await arrive(middle + 500);
    expect(writtenNumbers()).toEqual(wantedBelow(middle + 500));
  });
});

describe('--once', () => {
  /** Runs the agent to the end of the journal. @returns the numbers of the messages that it wrote, in order */
  async function runOnce(): Promise<readonly number[]> {
    const path = config({ type: 'file', path: outFile() });
    const before = writtenNumbers().length;
    const { code, stderr } = await runVigie(['node-agent', '--config', path, '--once', '--listen', '127.0.0.1:0']);
    expect(code, stderr).toBe(0);
    return writtenNumbers().slice(before);
  }

  test('reads to the end, goes on behind it, and past the file that it ended in', async () => {
    journal.append(numbers(0, 500).map(entry));
    journal.rotate();
    journal.append(numbers(500, 1000).map(entry));
    expect(await runOnce()).toEqual(numbers(0, 1000).filter(isWanted));
    expect(await runOnce()).toEqual([]);
    journal.rotate();
    journal.append(numbers(1000, 1200).map(entry));
    expect(await runOnce()).toEqual(numbers(1000, 1200).filter(isWanted));
    journal.append(numbers(1200, 1300).map(entry));
    journal.rotate();
    journal.append(numbers(1300, 1400).map(entry));
    // journald has made room: the entry whose cursor is kept is gone, and those behind it in its file.
    while (journal.removeOldest());
    expect(await runOnce()).toEqual(numbers(1300, 1400).filter(isWanted));
  });
});
