/** On a terminal: records scroll by, the ledger stands below and is drawn anew. */
import type { Timer } from '@vigie/core/clock';
import type { Display, DisplayDeps, DisplaySource } from './display.ts';
import { LiveTail } from './live-tail.ts';
import type { Notes } from './notes.ts';
import { frameText, noteLine, renderFrame } from './screen.ts';

/** Seen as movement, and cheap. */
const FRAME_MS = 250;
/** More than anybody reads, less than a terminal over a slow line takes. */
const RECORDS_PER_SECOND = 100;
/** Where the terminal does not tell. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

export class LiveScreen implements Display {
  readonly #source: DisplaySource;
  readonly #deps: DisplayDeps;
  readonly #tail: LiveTail;
  readonly #startedMs: number;
  readonly #notes: Notes;
  #footer: readonly string[] = [];
  #timer: Timer | undefined;

  constructor(source: DisplaySource, notes: Notes, deps: DisplayDeps) {
    this.#source = source;
    this.#notes = notes;
    this.#deps = deps;
    this.#tail = new LiveTail(source.agent, RECORDS_PER_SECOND);
    this.#startedMs = deps.clock.monotonicMs();
  }

  start(): void {
    this.#tail.start();
    this.#draw();
    this.#schedule();
  }

  close(): void {
    if (this.#timer !== undefined) {
      this.#timer.cancel();
      this.#timer = undefined;
      this.#draw();
      this.#tail.stop();
    }
    const { output, paint } = this.#deps;
    this.#notes.passTo((note) => output.write(`${noteLine(note, output.columns ?? DEFAULT_COLUMNS, paint)}\n`));
  }

  #schedule(): void {
    this.#timer = this.#deps.clock.setTimer(FRAME_MS, () => {
      this.#draw();
      this.#schedule();
    });
  }

  #draw(): void {
    const { clock, output, paint } = this.#deps;
    const { problems, route, url } = this.#source;
    const nowMs = clock.monotonicMs();
    const size = { columns: output.columns ?? DEFAULT_COLUMNS, rows: output.rows ?? DEFAULT_ROWS };
    const frame = renderFrame(
      {
        records: this.#tail.takeRecords(),
        notes: this.#notes.take(),
        ...this.#tail.look(nowMs),
        problems: problems(),
        uptimeMs: nowMs - this.#startedMs,
        url: url(),
        route,
      },
      size,
      paint,
    );
    output.write(frameText(this.#footer, frame, size.columns));
    this.#footer = frame.footer;
  }
}
