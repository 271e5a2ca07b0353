/** The history on disk: two files of events, the older of which goes when the newer is full. What is written is what the API answers, a line each. */
import type { Clock, Timer } from '@vigie/core/clock';
import { errorCode } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { parseEventLine } from './event-line.ts';
import type { HistoryEvent } from './history-event.ts';

/** Of node:fs/promises. */
export interface HistoryFs {
  appendFile(path: string, text: string): Promise<void>;
  readFile(path: string, encoding: 'utf8'): Promise<string>;
  rename(from: string, to: string): Promise<void>;
}

export interface HistoryFilesOptions {
  /** A folder that is there. */
  readonly folder: string;
  readonly fs: HistoryFs;
  readonly clock: Pick<Clock, 'setTimer'>;
  readonly log: Log;
  /** Of one file. */
  readonly fileBytes?: number;
}

export interface ReadHistory {
  /** Oldest first. */
  readonly events: readonly HistoryEvent[];
  /** Lines that are torn or damaged. */
  readonly unreadable: number;
}

const NEWER = 'history.ndjson';
const OLDER = 'history.old.ndjson';
const HEADER = 'vigie-alert-history 1\n';
/** Two of them are what the history in memory holds. */
const FILE_BYTES = 16 * 1024 ** 2;
/** What a crash may lose. */
const WRITE_INTERVAL_MS = 1000;
/** While the disk takes nothing; beyond, events are in memory alone. */
const MOST_WAITING = 1024 ** 2;

export class HistoryFiles {
  readonly #options: HistoryFilesOptions;
  #waiting: string[] = [];
  #waitingLength = 0;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Of the newer file. */
  #bytes = 0;
  /** Whether the newer file may end within a line. */
  #isTorn = false;
  #isClosed = false;
  /** Events that the disk did not take. */
  dropped = 0;

  constructor(options: HistoryFilesOptions) {
    this.#options = options;
  }

  /** What was written before; to be called first.
   *  @throws what reading fails with, other than that there is no file */
  async read(): Promise<ReadHistory> {
    const older = await this.#readFile(OLDER);
    const newer = await this.#readFile(NEWER);
    this.#isTorn = !newer.endsWith('\n');
    const isOurs = newer === '' || newer.startsWith(HEADER);
    // One of another version makes way.
    this.#bytes = isOurs ? Buffer.byteLength(newer) : Infinity;
    const lines = [older, newer].flatMap(linesOf);
    const events = lines.map(parseEventLine).filter((event) => event !== undefined);
    return { events, unreadable: lines.length - events.length };
  }

  /** Is written within a second.
   *  @param line of eventLine */
  append(line: string): void {
    if (this.#isClosed || this.#waitingLength > MOST_WAITING) {
      this.dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    this.#timer ??= this.#options.clock.setTimer(WRITE_INTERVAL_MS, () => {
      this.#timer = undefined;
      void this.#write();
    });
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#write();
  }

  #write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeWaiting());
    return this.#writing;
  }

  async #writeWaiting(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.join('');
    const count = this.#waiting.length;
    this.#waiting = [];
    this.#waitingLength = 0;
    const { fs, log, fileBytes = FILE_BYTES } = this.#options;
    try {
      if (this.#bytes >= fileBytes) {
        await fs.rename(this.#path(NEWER), this.#path(OLDER));
        this.#bytes = 0;
      }
      const before = this.#bytes === 0 ? HEADER : this.#isTorn ? '\n' : '';
      this.#isTorn = true;
      await fs.appendFile(this.#path(NEWER), before + text);
      this.#isTorn = false;
      this.#bytes += Buffer.byteLength(before + text);
    } catch (error) {
      this.dropped += count;
      log.error('the history of alerts was not written: it is in memory alone', { error, events: count });
    }
  }

  /** '' where there is none. */
  async #readFile(name: string): Promise<string> {
    try {
      return await this.#options.fs.readFile(this.#path(name), 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return '';
      throw error;
    }
  }

  #path(name: string): string {
    return `${this.#options.folder}/${name}`;
  }
}

function linesOf(text: string): readonly string[] {
  if (!text.startsWith(HEADER)) return [];
  return text
    .slice(HEADER.length)
    .split('\n')
    .filter((line) => line !== '');
}
