/** Events on disk: two files, the older of which goes when the newer is full. What is written is what the API answers, a line each. */
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
  /** `history`: the files are `history.ndjson` and `history.old.ndjson`. */
  readonly name: string;
  /** Of one file. */
  readonly fileBytes: number;
  /** UTF-16 units of lines that are to be written; beyond, events are in memory alone. */
  readonly mostWaiting: number;
}

export interface ReadHistory {
  /** Oldest first. */
  readonly events: readonly HistoryEvent[];
  /** Lines that are torn or damaged. */
  readonly unreadable: number;
}

const HEADER = 'vigie-alert-history 1\n';
/** What a crash may lose. */
const WRITE_INTERVAL_MS = 1000;

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

  /** Whether what comes now is not written. */
  get isFull(): boolean {
    return this.#waitingLength > this.#options.mostWaiting;
  }

  /** What was written before; to be called first.
   *  @throws what reading fails with, other than that there is no file */
  async read(): Promise<ReadHistory> {
    const older = await this.#readFile(this.#older);
    const newer = await this.#readFile(this.#newer);
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
    if (this.#isClosed || this.isFull) {
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
    const { fs, log, fileBytes } = this.#options;
    try {
      if (this.#bytes >= fileBytes) {
        await fs.rename(this.#newer, this.#older);
        this.#bytes = 0;
      }
      const before = this.#bytes === 0 ? HEADER : this.#isTorn ? '\n' : '';
      this.#isTorn = true;
      await fs.appendFile(this.#newer, before + text);
      this.#isTorn = false;
      this.#bytes += Buffer.byteLength(before + text);
    } catch (error) {
      this.dropped += count;
      log.error('the history of alerts was not written: it is in memory alone', { error, events: count });
    }
  }

  /** '' where there is none. */
  async #readFile(path: string): Promise<string> {
    try {
      return await this.#options.fs.readFile(path, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return '';
      throw error;
    }
  }

  get #newer(): string {
    return `${this.#options.folder}/${this.#options.name}.ndjson`;
  }

  get #older(): string {
    return `${this.#options.folder}/${this.#options.name}.old.ndjson`;
  }
}

function linesOf(text: string): readonly string[] {
  if (!text.startsWith(HEADER)) return [];
  return text
    .slice(HEADER.length)
    .split('\n')
    .filter((line) => line !== '');
}
