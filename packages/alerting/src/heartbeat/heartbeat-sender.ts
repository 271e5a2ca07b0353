/** A dead man's switch: tells another service at each interval that alerts get through, as long as they do. Whoever hears nothing raises
 *  the alarm that this one cannot. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { HttpClientConfig, Secret } from '@vigie/core/config/http-client-config';
import { describeError } from '@vigie/core/errors';
import { HttpClient } from '@vigie/core/http-client/http-client';
import { secretValue } from '@vigie/core/http-client/secret-value';
import type { Log } from '@vigie/core/log';
import { post } from '../rules/post.ts';
import { type Ailment, ailmentsOf, type HealthView } from './engine-health.ts';

export interface HeartbeatTarget {
  /** It may hold a token: it is never shown. */
  readonly url: Secret;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly stuckAfterMs: number;
  readonly http: HttpClientConfig;
}

export interface HeartbeatSenderDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  readonly health: () => HealthView;
}

type BeatResult = 'sent' | 'failed' | Ailment;

export class HeartbeatSender {
  readonly #deps: HeartbeatSenderDeps;
  readonly #counts = new Map<BeatResult, number>();
  readonly #startedAtMs: number;
  #beats: readonly Beat[] = [];
  #ending = new AbortController();

  constructor(deps: HeartbeatSenderDeps) {
    this.#deps = deps;
    this.#startedAtMs = deps.clock.nowMs();
  }

  /** Of all targets. */
  get counts(): ReadonlyMap<BeatResult, number> {
    return this.#counts;
  }

  /** Begins, or goes on with others: each is told at once, and then at its interval. */
  apply(targets: readonly HeartbeatTarget[]): void {
    this.close();
    this.#ending = new AbortController();
    this.#beats = targets.map((target) => this.#begin(target));
  }

  close(): void {
    this.#ending.abort(new Error('heartbeats end'));
    for (const { timer, client } of this.#beats) {
      timer?.cancel();
      client.close();
    }
    this.#beats = [];
  }

  #begin(target: HeartbeatTarget): Beat {
    const { clock, env, userAgent } = this.#deps;
    const beat: Beat = {
      target,
      client: new HttpClient(target.http, { clock, env, userAgent }),
      readUrl: secretValue(target.url, clock),
      timer: undefined,
    };
    this.#schedule(beat, 0);
    return beat;
  }

  #schedule(beat: Beat, delayMs: number): void {
    const { signal } = this.#ending;
    beat.timer = this.#deps.clock.setTimer(delayMs, () => {
      // By the interval, however long an answer takes; one that takes longer than that has timed out.
      this.#schedule(beat, beat.target.intervalMs);
      void this.#tell(beat, signal);
    });
  }

  /** What is not well is said in the log, and not to the target: it hears nothing. */
  async #tell({ target, client, readUrl }: Beat, signal: AbortSignal): Promise<void> {
    const { clock, log, health } = this.#deps;
    const ailments = ailmentsOf(health(), { sinceMs: this.#startedAtMs, stuckAfterMs: target.stuckAfterMs });
    if (ailments.length > 0) {
      for (const ailment of ailments) this.#count(ailment);
      log.error('no heartbeat is sent, for alerts do not get through', { why: ailments.join(', ') });
      return;
    }
    try {
      const body = `${JSON.stringify({ status: 'ok', time: new Date(clock.nowMs()).toISOString() })}\n`;
      const headers = { 'content-type': 'application/json' };
      const timeoutMs = Math.min(target.timeoutMs, target.intervalMs);
      const answer = await post(client, { url: new URL(readUrl()), headers, body, timeoutMs }, clock, signal);
      if (signal.aborted) return;
      const isTaken = answer.kind === 'answered' && answer.status >= 200 && answer.status < 300;
      this.#count(isTaken ? 'sent' : 'failed');
      if (!isTaken)
        log.warn('a heartbeat was not taken', { why: answer.kind === 'failed' ? 'no answer' : answer.status });
    } catch (error) {
      this.#count('failed');
      // Of the URL's file; what it holds is not said.
      log.warn('a heartbeat cannot be sent', {
        why: error instanceof TypeError ? 'its URL is none' : describeError(error),
      });
    }
  }

  #count(result: BeatResult): void {
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1);
  }
}

interface Beat {
  readonly target: HeartbeatTarget;
  readonly client: HttpClient;
  readonly readUrl: () => string;
  timer: Timer | undefined;
}
