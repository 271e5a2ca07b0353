/** Events as they happen, for pages that stay open: server-sent events (HTML, 9.2). Each stream goes on where it was cut off, or says that it cannot.
 *  Bounded: so many streams, and so much that waits for a slow reader. */
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '@vigie/core/clock';
import { Refusal } from '../api/refusal.ts';
import { type EventFilter, type EventHistory, isAskedFor } from './event-history.ts';
import type { NumberedEvent } from './event-ring.ts';
import { eventJson } from './history-event.ts';

/** Consoles of a team. */
const MOST_STREAMS = 100;
/** Of one reader, who is cut off then, and comes again. */
const MOST_WAITING_BYTES = 1024 ** 2;
/** That a reader who was away is sent: beyond, to ask for pages is less. */
const MOST_MISSED = 1000;
/** Proxies close what says nothing for a minute. */
const PING_MS = 15_000;

export class EventStreams {
  readonly #history: EventHistory;
  readonly #clock: Pick<Clock, 'setTimer' | 'nowMs'>;
  /** Numbers of events are those of one run. */
  readonly #run: string;
  readonly #open = new Set<() => void>();

  constructor(history: EventHistory, clock: Pick<Clock, 'setTimer' | 'nowMs'>) {
    this.#history = history;
    this.#clock = clock;
    this.#run = clock.nowMs().toString(36);
  }

  /** @param lastId of the last event that the reader has
   *  @param begin gives the answer to write to
   *  @throws {Refusal} where there are too many */
  open(lastId: string | readonly string[] | undefined, filter: EventFilter, begin: () => ServerResponse): void {
    if (this.#open.size >= MOST_STREAMS) throw new Refusal(503, `there are ${MOST_STREAMS} streams: try again later`);
    const out = begin();
    const write = (text: string): void => {
      if (out.destroyed) return;
      if (out.writableLength > MOST_WAITING_BYTES) out.destroy();
      else out.write(text);
    };
    // A reader who goes in the middle of it.
    out.on('error', () => undefined);
    const tell = ({ sequence, event }: NumberedEvent): void => {
      if (isAskedFor(event, filter)) write(`id: ${this.#run}-${sequence}\ndata: ${eventJson(sequence, event)}\n\n`);
    };
    out.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    const missed = this.#missed(typeof lastId === 'string' ? lastId : '', filter);
    if (missed === undefined) write('event: reset\ndata: {}\n\n');
    // So that the reader knows that it is connected.
    else write(': \n\n');
    for (const event of missed ?? []) tell(event);
    const unfollow = this.#history.follow(tell);
    let timer: Timer;
    const ping = (): void => {
      write(': \n\n');
      timer = this.#clock.setTimer(PING_MS, ping);
    };
    timer = this.#clock.setTimer(PING_MS, ping);
    const end = (): void => {
      unfollow();
      timer.cancel();
      this.#open.delete(end);
      out.end();
    };
    this.#open.add(end);
    out.once('close', end);
  }

  close(): void {
    for (const end of this.#open) end();
  }

  /** @returns what has happened since, oldest first; undefined: that is not known, or is too much */
  #missed(lastId: string, filter: EventFilter): readonly NumberedEvent[] | undefined {
    if (lastId === '') return [];
    const [, run, written = ''] = /^([0-9a-z]+)-(\d{1,15})$/.exec(lastId) ?? [];
    const last = Number(written);
    if (run !== this.#run || last < this.#history.lastForgotten) return undefined;
    const everything = { ...filter, fromMs: -Infinity, toMs: Infinity, before: Infinity, limit: MOST_MISSED };
    const { events, isCut } = this.#history.query(everything);
    const missed = events.filter(({ sequence }) => sequence > last);
    return isCut && missed.length === events.length ? undefined : missed.reverse();
  }
}
