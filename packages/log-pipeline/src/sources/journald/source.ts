import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Backoff } from '@vigie/core/backoff';
import type { Timer } from '@vigie/core/clock';
import { filePath, section, text } from '@vigie/core/config/fields';
import { describeError } from '@vigie/core/errors';
import * as v from 'valibot';
import type { Outlet } from '../intake.ts';
import { PositionFile } from '../position-file.ts';
import type { PushSource, PushSourceDeps } from '../source.ts';
import { ExportReader, type JournalEntry } from './export-format.ts';
import { cursorOf, JournalRecords } from './records.ts';

export const journaldSchema = section({
  type: v.literal('journald'),
  /** Of these units, such as kubelet.service; none: of everything. */
  units: v.optional(v.array(text()), []),
  /** With units: the kernel's messages as well. */
  kernel: v.optional(v.boolean(), false),
  /** Where the journal lies; default: where this machine's is. */
  directory: v.optional(filePath()),
  /** Only of the boot that runs. */
  current_boot_only: v.optional(v.boolean(), false),
  /** Where a journal begins that was never read. */
  read_from: v.optional(v.picklist(['beginning', 'end']), 'beginning'),
  /** The program that reads journals. */
  journalctl: v.optional(text(), 'journalctl'),
});

export type JournaldConfig = v.InferOutput<typeof journaldSchema>;

/** journald's own limit of a field is 768 MiB; nobody's log line is. */
const MAX_ENTRY_BYTES = 4 * 1024 * 1024;
/** Pieces of the journal on their way at once: at 64 KiB each, less than a request. */
const MAX_UNDER_WAY = 16;
const POSITION_INTERVAL_MS = 1_000;
const RESTART = { baseMs: 1_000, capMs: 60_000 };

/** Follows the journal by `journalctl`, from the entry behind the last that every sink has. */
export class JournaldSource implements PushSource {
  readonly type = 'journald';
  readonly name: string;
  readonly #config: JournaldConfig;
  readonly #deps: PushSourceDeps;
  readonly #position: PositionFile;
  readonly #records: JournalRecords;
  readonly #closing = new AbortController();
  #cursor: string | undefined;
  #outlets: readonly Outlet[] = [];
  #connected: (() => void) | undefined;
  #child: ChildProcess | undefined;
  #loop: Promise<void> | undefined;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #saveTimer: Timer | undefined;
  #saved = Promise.resolve();
  #problem: string | undefined;
  #done = false;

  constructor(name: string, config: JournaldConfig, positionPath: string, deps: PushSourceDeps) {
    this.name = name;
    this.#config = config;
    this.#deps = deps;
    this.#position = new PositionFile(positionPath, deps.fs);
    this.#records = new JournalRecords(deps.nodeName);
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  get isDone(): boolean {
    return this.#done;
  }

  connect(outlets: readonly Outlet[]): void {
    this.#outlets = outlets;
    // What it has written that no lane has yet is read again, for the new ones.
    this.#child?.kill();
    this.#connected?.();
  }

  async start(): Promise<void> {
    const read = await this.#position.read();
    if (read.status === 'ok') this.#cursor = read.position;
    if (read.status === 'corrupt') {
      this.#deps.events.warn(
        this.name,
        'the position in the journal was damaged; reading begins as for the first time',
        {},
      );
    }
    this.#loop = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#child?.kill();
    this.#connected?.();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, random, events, once: runsOnce } = this.#deps;
    const backoff = new Backoff(RESTART, random);
    const { signal } = this.#closing;
    let follows = !runsOnce && !this.#mustCatchUp;
    while (!signal.aborted) {
      if (this.#outlets.length === 0) {
        await new Promise<void>((resolve) => {
          this.#connected = resolve;
        });
        continue;
      }
      const outlets = this.#outlets;
      const ended = await this.#read(follows, () => backoff.reset());
      if (signal.aborted) break;
      if (!follows && ended === undefined) {
        if (!runsOnce) {
          follows = true;
          continue;
        }
        this.#done = true;
        break;
      }
      // The lanes were replaced: what they gave up is read again for the new ones.
      if (outlets !== this.#outlets) continue;
      this.#problem = ended ?? 'journalctl has ended';
      events.warn(this.name, 'the journal cannot be read now', { detail: this.#problem });
      await clock.sleep(backoff.nextMs(), signal).catch(() => undefined);
    }
  }

  /** From systemd 250 on, following is reading the current boot alone: what earlier ones left is read to its end before. Of a
   *  folder all boots can be followed. */
  get #mustCatchUp(): boolean {
    const { directory, current_boot_only: thisBoot, read_from: from } = this.#config;
    return directory === undefined && !thisBoot && (this.#cursor !== undefined || from === 'beginning');
  }

  /** Runs journalctl until it ends, or a lane gives records up.
   *  @param follows else it ends where the journal does
   *  @returns why it ended, where that is no end of its own */
  async #read(follows: boolean, works: () => void): Promise<string | undefined> {
    const child = spawn(this.#config.journalctl, this.#arguments(follows), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let startsBehind = this.#cursor;
    const outlets = this.#outlets;
    const reader = new ExportReader({ maxEntryBytes: MAX_ENTRY_BYTES });
    const underWay: Promise<void>[] = [];
    let settled = Promise.resolve();
    let givenUp = false;
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      complaint = `${complaint}${chunk}`.slice(-500);
    });
    const exited = once(child, 'exit').then(
      ([code, killedBy]: unknown[]) =>
        code === 0 ? undefined : `journalctl ended with ${String(code ?? killedBy)}: ${complaint.trim()}`,
      (error: unknown) => `journalctl cannot be run: ${describeError(error)}`,
    );
    try {
      for await (const chunk of child.stdout) {
        if (givenUp || outlets !== this.#outlets) break;
        const entries = reader.push(chunk);
        if (reader.skipped > 0) this.#deps.events.count(this.name, 'skipped', reader.skipped);
        reader.skipped = 0;
        const [first] = entries;
        if (first === undefined) continue;
        works();
        this.#problem = undefined;
        if (startsBehind !== undefined && cursorOf(first) === startsBehind) entries.shift();
        startsBehind = undefined;
        if (entries.length === 0) continue;
        const delivered = this.#push(entries, outlets);
        settled = settled.then(async () => {
          if ((await delivered) && !givenUp) this.#arrived(entries);
          else {
            givenUp = true;
            child.kill();
          }
        });
        underWay.push(settled);
        if (underWay.length >= MAX_UNDER_WAY) await underWay.shift();
      }
    } catch (error) {
      complaint ||= describeError(error);
      child.kill();
    }
    if (givenUp || outlets !== this.#outlets) child.kill();
    const ended = await exited;
    await settled;
    await this.#save(true);
    return givenUp ? 'the records were given up on their way' : ended;
  }

  async #push(entries: readonly JournalEntry[], outlets: readonly Outlet[]): Promise<boolean> {
    const groups = this.#records.groupsOf(entries, this.#deps.clock.nowMs());
    const answers = await Promise.all(outlets.map((outlet) => outlet.push(groups)));
    return answers.every((answer) => answer);
  }

  /** As all before them have. */
  #arrived(entries: readonly JournalEntry[]): void {
    const last = entries.at(-1);
    this.#deps.events.count(this.name, 'accepted', entries.length);
    this.#cursor = (last && cursorOf(last)) ?? this.#cursor;
    void this.#save(false);
  }

  /** One write after the other; without haste, one in an interval. */
  #save(now: boolean): Promise<void> {
    const { clock } = this.#deps;
    const waitMs = now ? 0 : this.#savedAtMs + POSITION_INTERVAL_MS - clock.monotonicMs();
    this.#saveTimer?.cancel();
    if (waitMs > 0) this.#saveTimer = clock.setTimer(waitMs, () => void this.#save(true));
    else {
      this.#savedAtMs = clock.monotonicMs();
      this.#saved = this.#saved.then(() => this.#write());
    }
    return this.#saved;
  }

  async #write(): Promise<void> {
    if (this.#cursor === undefined) return;
    try {
      await this.#position.write(this.#cursor);
    } catch (error) {
      const message = 'the position in the journal cannot be written; after a crash more would be sent again';
      this.#deps.events.warn(this.name, message, { error });
    }
  }

  #arguments(follows: boolean): string[] {
    const { units, kernel, directory, current_boot_only: thisBoot, read_from: from } = this.#config;
    const list = ['--output=export', '--no-pager', '--quiet', '--all'];
    if (follows) list.push('--follow');
    if (directory !== undefined) list.push(`--directory=${directory}`);
    if (thisBoot) list.push('--boot');
    // Not for what it merges, which of a folder is done anyway: it undoes the boot that following implies.
    else if (follows && directory !== undefined) list.push('--merge');
    // Not `--after-cursor`: where that entry has been removed meanwhile, or is of another boot than what is read, it passes
    // over the one behind it.
    if (this.#cursor !== undefined) list.push(`--cursor=${this.#cursor}`, '--lines=all');
    else list.push(from === 'beginning' ? '--lines=all' : '--lines=0');
    list.push(...matchesOf(units, kernel));
    return list;
  }
}

/** What others say of a unit: systemd that it started or failed, its coredumps, services of root. Source: add_matches_for_unit
 *  in systemd's src/shared/logs-show.c, which `journalctl --unit` uses. */
const ABOUT_UNITS: readonly (readonly [writer: string, field: string])[] = [
  ['_PID=1', 'UNIT'],
  ['_UID=0', 'OBJECT_SYSTEMD_UNIT'],
  ['_UID=0', 'COREDUMP_UNIT'],
];

/** Matches of one field are alternatives, those of several must all hold, and `+` parts alternatives of several. `--unit`
 *  would not be an alternative to the kernel. */
function matchesOf(units: readonly string[], kernel: boolean): readonly string[] {
  if (units.length === 0) return [];
  const own = units.map((unit) => `_SYSTEMD_UNIT=${unit}`);
  const about = ABOUT_UNITS.flatMap(([writer, field]) => ['+', writer, ...units.map((unit) => `${field}=${unit}`)]);
  return [...own, ...about, ...(kernel ? ['+', '_TRANSPORT=kernel'] : [])];
}
