/** What happens during a probe, for `debug=true`: lines of logfmt, as blackbox_exporter writes them. */
import type { Clock } from '@vigie/core/clock';
import { quoteGo } from '@vigie/core/go-quote';

type Fields = Readonly<Record<string, string | number | boolean>>;

/** A server that sends line after line would fill the memory. */
const MAX_LINES = 200;
const MAX_VALUE_LENGTH = 500;
const PLAIN = /^[^\s"=]+$/;

export class ProbeLog {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #lines: string[] = [];
  #left = 0;

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  info(message: string, fields: Fields = {}): void {
    this.#write('info', message, fields);
  }

  /** Why the probe fails. */
  error(message: string, fields: Fields = {}): void {
    this.#write('error', message, fields);
  }

  text(): string {
    const rest = this.#left === 0 ? '' : `${this.#left} more lines\n`;
    return this.#lines.join('') + rest;
  }

  #write(level: 'info' | 'error', message: string, fields: Fields): void {
    // The last word on a failure is worth more than the lines before it.
    if (this.#lines.length >= MAX_LINES && level === 'info') {
      this.#left++;
      return;
    }
    const time = new Date(this.#clock.nowMs()).toISOString();
    const pairs = Object.entries({ ts: time, level, msg: message, ...fields }).map(
      ([name, value]) => `${name}=${shown(String(value))}`,
    );
    this.#lines.push(`${pairs.join(' ')}\n`);
  }
}

function shown(text: string): string {
  const cut = text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
  return PLAIN.test(cut) ? cut : quoteGo(cut);
}
