/** Takes one body to its sink, whatever it takes: every record ends accepted or in the dead letters, exactly once. */

import { inflateSync } from 'node:zlib';
import { Backoff, type BackoffOptions } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import { assertNever } from '@vigie/core/errors';
import type { HeldReason, RejectedItem, RetryReason, Sink } from '../sinks/sink.ts';
import { type BodyForm, bodyFormOf } from './body-form.ts';
import type { DeadLetter, DeadLetters } from './dead-letter.ts';
import type { SinkHealth } from './sink-health.ts';

/** One per sink, shared by its deliveries. */
export interface DeliveryDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly deadLetters: DeadLetters;
  readonly health: SinkHealth;
  readonly bodyLimit: BodyLimit;
  /** Between attempts; default RETRY_BACKOFF. A sink that refuses the agent itself is asked more rarely. */
  readonly backoff?: BackoffOptions;
  readonly events: DeliveryEvents;
}

export interface DeliveryEvents {
  /** So many records will be sent again after `delayMs`. */
  retry(sink: string, reason: RetryReason | HeldReason, records: number, delayMs: number): void;
  /** Records refused for good, once they are in the dead letters. */
  refused(sink: string, httpStatus: number, records: number): void;
  /** The sink refused a body of this size; smaller ones will be sent. */
  tooLarge(sink: string, bodyBytes: number): void;
}

/** Learnt from 413: bodies beyond it are halved before they are sent, not after. It only falls: the limit behind
 *  it is a server's or proxy's setting, and a reload of ours starts anew. */
export class BodyLimit {
  bytes = Number.POSITIVE_INFINITY;
}

export interface RefusedRecord {
  /** Index in the body that was given. */
  readonly index: number;
  readonly reason: DeadLetters['reason'];
}

export interface DeliveryResult {
  /** Ascending; all other records are accepted. */
  readonly rejected: readonly RefusedRecord[];
}

/** Consecutive records, or a choice of them, on their way. */
interface Part {
  readonly bytes: Uint8Array;
  /** Each record's index in the body that was given: consecutive from the number, or as listed. */
  readonly indices: number | readonly number[];
  readonly records: number;
  /** Length of the plain lines where `bytes` are a zlib stream of them; undefined where they are the lines themselves. */
  readonly inflatedBytes: number | undefined;
}

/** A busy queue of a server drains in well under a second; a restart takes it half a minute. */
const RETRY_BACKOFF: BackoffOptions = { baseMs: 500, capMs: 30_000 };
/** Nobody mends a configuration within a second: 10 s to 60 s where retries begin at 500 ms and end at 30 s. */
const HELD_FACTORS = { base: 20, cap: 2 };

/** Resolves when no record of the body is left to send.
 *  @param body `records` records in the sink's form; the caller's until the promise settles
 *  @throws the signal's reason; what was not accepted by then must be sent again
 *  @param inflatedBytes the body is a zlib stream of so many bytes; it is inflated only when a part of it is refused
 *  Cost: nothing beside `send` when the body is accepted as it is. */
export async function deliver(
  body: Uint8Array,
  records: number,
  sink: Sink,
  deps: DeliveryDeps,
  signal: AbortSignal,
  inflatedBytes?: number,
): Promise<DeliveryResult> {
  const delivery = new Delivery(sink, deps, signal);
  try {
    await delivery.sendAll({ bytes: body, indices: 0, records, inflatedBytes });
  } finally {
    deps.health.passed(delivery);
  }
  return { rejected: delivery.refused.sort((a, b) => a.index - b.index) };
}

class Delivery {
  readonly refused: RefusedRecord[] = [];
  readonly #sink: Sink;
  readonly #form: BodyForm;
  readonly #deps: DeliveryDeps;
  readonly #signal: AbortSignal;
  readonly #retries: Backoff;
  readonly #holds: Backoff;

  constructor(sink: Sink, deps: DeliveryDeps, signal: AbortSignal) {
    this.#sink = sink;
    this.#form = bodyFormOf(sink);
    this.#deps = deps;
    this.#signal = signal;
    const { baseMs, capMs } = deps.backoff ?? RETRY_BACKOFF;
    this.#retries = new Backoff({ baseMs, capMs }, deps.random);
    this.#holds = new Backoff({ baseMs: baseMs * HELD_FACTORS.base, capMs: capMs * HELD_FACTORS.cap }, deps.random);
  }

  /** First to last, so that records keep their order as far as outcomes let them. */
  async sendAll(whole: Part): Promise<void> {
    const stack: Part[] = whole.records === 0 ? [] : [whole];
    for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
      const halves = await this.#send(part);
      if (halves !== undefined) stack.push(halves[1], halves[0]);
    }
  }

  /** Sends until nothing of it is left.
   *  @returns two halves to be sent in its place, when it is refused as a whole */
  async #send(whole: Part): Promise<readonly [Part, Part] | undefined> {
    const { bodyLimit, events, health } = this.#deps;
    let part = whole;
    this.#retries.reset();
    this.#holds.reset();
    if (sizeOf(part) > bodyLimit.bytes && part.records > 1) return this.#halve(plain(part));
    for (;;) {
      const outcome = await this.#sink.send(part.bytes, part.records, this.#signal, part.inflatedBytes !== undefined);
      switch (outcome.status) {
        case 'accepted':
          health.passed(this);
          return undefined;
        case 'items': {
          part = plain(part);
          if (outcome.rejected.length > 0) await this.#bury(part, outcome.rejected);
          if (outcome.retry.length === 0) {
            health.passed(this);
            return undefined;
          }
          // Something moved, so the sink is not down: begin with short waits again.
          if (outcome.retry.length < part.records) this.#retries.reset();
          part = this.#pick(part, outcome.retry);
          const detail = `${outcome.retry.length} records were not taken`;
          await this.#retry(part, outcome.reason, detail, outcome.retryAfterMs);
          break;
        }
        case 'retryable':
          await this.#retry(part, outcome.reason, outcome.detail, outcome.retryAfterMs);
          break;
        case 'held':
          await this.#hold(part, outcome.reason, outcome.detail);
          break;
        case 'too_large': {
          part = plain(part);
          const sizeBytes = part.bytes.length;
          events.tooLarge(this.#sink.name, sizeBytes);
          if (part.records > 1) {
            bodyLimit.bytes = Math.min(bodyLimit.bytes, sizeBytes - 1);
            return this.#halve(part);
          }
          const error = `the record's ${sizeBytes} bytes are more than the sink takes`;
          return this.#bury(part, [{ index: 0, httpStatus: 413, error }]);
        }
        case 'rejected': {
          part = plain(part);
          const { httpStatus, error } = outcome;
          if (part.records > 1) return this.#halve(part);
          return this.#bury(part, [{ index: 0, httpStatus, error }]);
        }
        case 'discarded': {
          const { records, httpStatus } = outcome;
          // Nobody knows which: the first ones stand for them, so that counts are right.
          for (let index = 0; index < Math.min(records, part.records); index++) {
            this.refused.push({ index: bodyIndex(part, index), reason: 'rejected' });
          }
          events.refused(this.#sink.name, httpStatus, Math.min(records, part.records));
          health.passed(this);
          return undefined;
        }
        default:
          assertNever(outcome);
      }
    }
  }

  async #retry(part: Part, reason: RetryReason, detail: string, retryAfterMs: number | undefined): Promise<void> {
    const { clock, random, health, events } = this.#deps;
    health.troubled(this, { kind: 'retrying', reason, detail, sinceMs: clock.monotonicMs() });
    // What the server asks for, and a little more each for itself, so that not all come at that moment.
    const askedMs = (retryAfterMs ?? 0) * (1 + random() / 4);
    const delayMs = Math.max(askedMs, this.#retries.nextMs());
    events.retry(this.#sink.name, reason, part.records, delayMs);
    await clock.sleep(delayMs, this.#signal);
  }

  async #hold(part: Part, reason: HeldReason, detail: string): Promise<void> {
    const { clock, health, events } = this.#deps;
    health.troubled(this, { kind: 'held', reason, detail, sinceMs: clock.monotonicMs() });
    const delayMs = this.#holds.nextMs();
    events.retry(this.#sink.name, reason, part.records, delayMs);
    await clock.sleep(delayMs, this.#signal);
  }

  /** Puts refused records into the dead letters, and waits for as long as those cannot be written. */
  async #bury(part: Part, items: readonly RejectedItem[]): Promise<undefined> {
    const { clock, random, deadLetters, health, events } = this.#deps;
    const sink = this.#sink.name;
    const lines = this.#form.letters(
      part.bytes,
      items.map(({ index }) => index),
    );
    const timeMs = clock.nowMs();
    const letters = items.map(
      ({ httpStatus, error }, i): DeadLetter => ({
        timeMs,
        sink,
        status: httpStatus,
        error,
        lines: lines[i] ?? new Uint8Array(),
      }),
    );
    const backoff = new Backoff(this.#deps.backoff ?? RETRY_BACKOFF, random);
    for (;;) {
      const outcome = await deadLetters.write(letters);
      if (outcome.status === 'ok') {
        if (backoff.attempts > 0) health.passed(this);
        break;
      }
      const { code, detail } = outcome;
      health.troubled(this, { kind: 'dead_letter', reason: code, detail, sinceMs: clock.monotonicMs() });
      await clock.sleep(backoff.nextMs(), this.#signal);
    }
    for (const { index, httpStatus } of items) {
      this.refused.push({ index: bodyIndex(part, index), reason: deadLetters.reason });
      events.refused(sink, httpStatus, 1);
    }
    return undefined;
  }

  #halve(part: Part): readonly [Part, Part] {
    const half = part.records >> 1;
    const { bytes, indices, records } = part;
    const [first, second] = this.#form.split(bytes, half);
    const rest = typeof indices === 'number' ? indices + half : indices.slice(half);
    return [
      {
        bytes: first,
        indices: typeof indices === 'number' ? indices : indices.slice(0, half),
        records: half,
        inflatedBytes: undefined,
      },
      { bytes: second, indices: rest, records: records - half, inflatedBytes: undefined },
    ];
  }

  /** The records asked for, copied together. */
  #pick(part: Part, chosen: readonly number[]): Part {
    if (chosen.length === part.records) return part;
    return {
      bytes: this.#form.pick(part.bytes, chosen),
      indices: chosen.map((index) => bodyIndex(part, index)),
      records: chosen.length,
      inflatedBytes: undefined,
    };
  }
}

/** What a server counts against its limit. */
function sizeOf(part: Part): number {
  return part.inflatedBytes ?? part.bytes.length;
}

/** The lines themselves, to pick records from. */
function plain(part: Part): Part {
  if (part.inflatedBytes === undefined) return part;
  return { ...part, bytes: inflateSync(part.bytes), inflatedBytes: undefined };
}

function bodyIndex(part: Part, index: number): number {
  return typeof part.indices === 'number' ? part.indices + index : (part.indices[index] ?? -1);
}
