/** Without a terminal: now and then a record, and the ledger every few seconds, as lines that a log can hold. */
import type { Timer } from '@vigie/core/clock';
import type { Display, DisplayDeps, DisplaySource } from './display.ts';
import { ledgerLine } from './ledger-table.ts';
import { LiveTail } from './live-tail.ts';
import { recordLine } from './record-line.ts';
import { noteLine } from './screen.ts';

const LEDGER_EVERY_MS = 10_000;
/** A sign of life that fills no disk. */
const RECORDS_PER_SECOND = 1;
const COLUMNS = 160;

export class PlainLines implements Display {
  readonly #source: DisplaySource;
  readonly #deps: DisplayDeps;
  readonly #tail: LiveTail;
  #timer: Timer | undefined;
  #ledgerAtMs: number;

  constructor(source: DisplaySource, deps: DisplayDeps) {
    this.#source = source;
    this.#deps = deps;
    this.#tail = new LiveTail(source.agent, RECORDS_PER_SECOND);
    this.#ledgerAtMs = deps.clock.monotonicMs() + LEDGER_EVERY_MS;
  }

  start(): void {
    this.#tail.start();
    this.#print(this.#source.route);
    this.#schedule();
  }

  close(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#tail.stop();
    this.#printLedger();
  }

  #schedule(): void {
    this.#timer = this.#deps.clock.setTimer(1000 / RECORDS_PER_SECOND, () => {
      for (const record of this.#tail.takeRecords()) this.#print(recordLine(record, COLUMNS, this.#deps.paint));
      const nowMs = this.#deps.clock.monotonicMs();
      if (nowMs >= this.#ledgerAtMs) {
        this.#ledgerAtMs = nowMs + LEDGER_EVERY_MS;
        this.#printLedger();
      }
      this.#schedule();
    });
  }

  #printLedger(): void {
    for (const entry of this.#source.agent.ledger()) this.#print(ledgerLine(entry));
    for (const text of this.#source.problems())
      this.#print(noteLine({ level: 'error', text }, COLUMNS, this.#deps.paint));
  }

  #print(line: string): void {
    this.#deps.output.write(`${line}\n`);
  }
}
