/** Indexer acknowledgement: a request that the collector has taken is accepted once the indexers say that they have it.
 *  Source: Splunk Enterprise 9, "About HTTP Event Collector Indexer Acknowledgment". */
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import * as v from 'valibot';
import { outcomeOfFailure } from '../http-client/answer-outcome.ts';
import type { Exchange } from '../http-client/exchange.ts';
import type { SendOutcome } from '../sink.ts';
import { mayHaveRestarted } from './answer.ts';

/** Where an identifier is valid: the collector counts those of each channel from 0. */
export interface Channel {
  /** A GUID. */
  readonly id: string;
}

export interface AcknowledgementDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Asks the collector for the state of a channel's identifiers. */
  readonly query: (channel: Channel, ids: readonly number[], signal: AbortSignal) => Promise<Exchange>;
  /** From the collector's answer to a request until that is sent again. */
  readonly timeoutMs: number;
}

/** Between two queries: a restart of a collector takes longer, so that one of them fails meanwhile. */
const QUERY_INTERVAL_MS = 1000;

const answerSchema = v.object({ acks: v.record(v.string(), v.boolean()) });

interface Pending {
  readonly settle: (outcome: SendOutcome) => void;
  readonly deadlineMs: number;
}

interface CountingChannel extends Channel {
  /** By identifier. No more than requests under way: max_in_flight of each lane. */
  readonly pending: Map<number, Pending>;
  isAsking: boolean;
}

export class Acknowledgements {
  readonly #deps: AcknowledgementDeps;
  #channel: CountingChannel;
  readonly #closing = new AbortController();

  constructor(deps: AcknowledgementDeps) {
    this.#deps = deps;
    this.#channel = newChannel(deps.random);
  }

  /** For the requests that begin now. */
  get channel(): Channel {
    return this.#channel;
  }

  /** @param channel that the request named
   *  @returns accepted when the indexers have it; retryable when that is not to be learnt any more
   *  @throws the signal's reason */
  wait(channel: Channel, id: number, signal: AbortSignal): Promise<SendOutcome> {
    const { pending } = this.#channel;
    if (channel !== this.#channel || pending.has(id)) {
      if (channel === this.#channel) this.abandon(channel, 'the collector counts anew');
      return Promise.resolve(unknown('the collector may have forgotten the request'));
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        pending.delete(id);
        reject(signal.reason);
      };
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      pending.set(id, {
        deadlineMs: this.#deps.clock.monotonicMs() + this.#deps.timeoutMs,
        settle: (outcome) => {
          pending.delete(id);
          signal.removeEventListener('abort', abort);
          resolve(outcome);
        },
      });
      void this.#ask(this.#channel);
    });
  }

  /** After an exchange that failed: whether the collector behind it is still the one that counts, nobody knows, and after
   *  its restart the same identifiers stand for other requests. What is pending is sent again. */
  abandon(channel: Channel, detail: string): void {
    if (channel !== this.#channel) return;
    const { pending } = this.#channel;
    this.#channel = newChannel(this.#deps.random);
    for (const { settle } of [...pending.values()]) settle(unknown(detail));
  }

  close(): void {
    this.#closing.abort();
  }

  /** While something is pending. */
  async #ask(channel: CountingChannel): Promise<void> {
    if (channel.isAsking) return;
    channel.isAsking = true;
    const { clock, query, timeoutMs } = this.#deps;
    const { pending } = channel;
    const { signal } = this.#closing;
    while (pending.size > 0) {
      try {
        await clock.sleep(QUERY_INTERVAL_MS, signal);
        if (pending.size > 0) this.#told(channel, await query(channel, [...pending.keys()], signal));
      } catch (error) {
        // Whoever waits is given up by its own signal.
        if (signal.aborted) return;
        this.abandon(channel, describeError(error));
      }
      const nowMs = clock.monotonicMs();
      for (const { settle, deadlineMs } of [...pending.values()]) {
        if (nowMs >= deadlineMs) settle(unknown(`not acknowledged by the indexers within ${timeoutMs} ms`));
      }
    }
    channel.isAsking = false;
  }

  #told(channel: CountingChannel, result: Exchange): void {
    if (result.status === 'failed' || mayHaveRestarted(result)) {
      this.abandon(channel, 'the collector could not be asked for acknowledgements');
      return;
    }
    if (result.httpStatus < 300) {
      for (const [id, isIndexed] of Object.entries(decode(result.body))) {
        if (isIndexed) channel.pending.get(Number(id))?.settle({ status: 'accepted' });
      }
      return;
    }
    const outcome = outcomeOfFailure(result, () => false, this.#deps.clock.nowMs());
    // A busy collector is asked again.
    if (outcome.status === 'held') for (const { settle } of [...channel.pending.values()]) settle(outcome);
  }
}

function unknown(detail: string): SendOutcome {
  return { status: 'retryable', reason: 'unavailable', detail };
}

/** What cannot be understood says nothing of any request. */
function decode(body: Buffer): Readonly<Record<string, boolean>> {
  try {
    const decoded = v.safeParse(answerSchema, JSON.parse(body.toString('utf8')));
    return decoded.success ? decoded.output.acks : {};
  } catch {
    return {};
  }
}

function newChannel(random: () => number): CountingChannel {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  // RFC 9562, version 4.
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  return { id, pending: new Map(), isAsking: false };
}
