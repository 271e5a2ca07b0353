import type { BackoffOptions } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { DeadLetters } from '../delivery/dead-letter.ts';
import { BodyLimit, type DeliveryResult, deliver } from '../delivery/deliver.ts';
import { SinkHealth } from '../delivery/sink-health.ts';
import type { LaneSink } from '../lane/requests.ts';
import type { Sink } from '../sinks/sink.ts';

/** The same trouble is told again after this long, so that a log of the last hour shows it. */
const TELL_AGAIN_MS = 60_000;

/** One configured sink with its delivery: shared by the lanes that lead to it. */
export class SinkRuntime {
  readonly name: string;
  readonly sink: Sink;
  readonly health = new SinkHealth();
  readonly retries = new Map<string, number>();
  deadLettered = 0;
  /** Redirected records, unreadable answers and what else a sink tells beside its outcomes. */
  readonly events: ReadonlyMap<string, number>;
  readonly #deadLetters: DeadLetters;
  readonly #backoff: BackoffOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #bodyLimit = new BodyLimit();
  #told = { key: '', untilMs: 0 };

  constructor(
    sink: Sink,
    deadLetters: DeadLetters,
    backoff: BackoffOptions,
    events: ReadonlyMap<string, number>,
    clock: Clock,
    random: Random,
    log: Log,
  ) {
    this.name = sink.name;
    this.sink = sink;
    this.#deadLetters = deadLetters;
    this.#backoff = backoff;
    this.events = events;
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.sink.start(signal);
  }

  async close(): Promise<void> {
    await this.sink.close();
    await this.#deadLetters.close();
  }

  /** Names the form of its bodies: a buffer keeps those of one form apart from others. */
  get bodyKind(): string {
    return this.sink.bodyKind ?? this.sink.type;
  }

  get laneSink(): LaneSink {
    const { sink } = this;
    return {
      perUtcDay: sink.perUtcDay,
      takesDeflate: sink.takesDeflate,
      ordered: sink.ordered ?? false,
      shape: (facts, utcDay) => sink.shape(facts, utcDay),
      deliver: (body, records, signal, inflatedBytes) => this.deliver(body, records, signal, inflatedBytes),
    };
  }

  /** As `deliver` of the pipeline, with what this sink has of its own. */
  deliver(
    body: Uint8Array,
    records: number,
    signal: AbortSignal,
    inflatedBytes: number | undefined,
  ): Promise<DeliveryResult> {
    return deliver(
      body,
      records,
      this.sink,
      {
        clock: this.#clock,
        random: this.#random,
        deadLetters: this.#deadLetters,
        health: this.health,
        bodyLimit: this.#bodyLimit,
        backoff: this.#backoff,
        events: {
          retry: (_name, reason, count, delayMs) => this.#retrying(reason, count, delayMs),
          refused: (_name, _status, count) => {
            if (this.#deadLetters.reason === 'dead_letter') this.deadLettered += count;
          },
          tooLarge: (_name, bodyBytes) =>
            this.#log.warn('the sink refuses bodies of this size, smaller ones follow', {
              sink: this.name,
              bodyBytes,
            }),
        },
      },
      signal,
      inflatedBytes,
    );
  }

  #retrying(reason: string, records: number, delayMs: number): void {
    this.retries.set(reason, (this.retries.get(reason) ?? 0) + 1);
    const trouble = this.health.trouble;
    const key = `${trouble?.kind} ${reason}`;
    const nowMs = this.#clock.monotonicMs();
    if (key === this.#told.key && nowMs < this.#told.untilMs) return;
    this.#told = { key, untilMs: nowMs + TELL_AGAIN_MS };
    const fields = { sink: this.name, reason, detail: trouble?.detail, records, delayMs: Math.round(delayMs) };
    if (trouble?.kind === 'held') this.#log.error('the sink refuses the agent; somebody must act', fields);
    else this.#log.warn('the sink does not take records now, they are sent again', fields);
  }
}
