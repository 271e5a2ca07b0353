/** One request to an API server on the wire, from its first byte to its answer's last. */
import * as http from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '@vigie/core/clock';
import { describeError, errorCode, VigieError } from '@vigie/core/errors';
import { onAbort } from '@vigie/core/on-abort';
import type { KubeFailure } from './answer.ts';

export class KubeStreamError extends VigieError {
  readonly reason: KubeFailure['reason'];

  constructor(reason: KubeFailure['reason'], message: string, options?: ErrorOptions) {
    super('KUBE_STREAM_BROKEN', message, options);
    this.reason = reason;
  }
}

/** The API server ends what takes it longer than 60 s, and the answer may wait in a queue of its own for as long. */
const ANSWER_TIMEOUT_MS = 70_000;
export const CONNECT_TIMEOUT_MS = 10_000;
/** A peer that vanished without a word (a node lost its power, a balancer forgot us) is found by probes. */
const TCP_KEEP_ALIVE_MS = 30_000;

export class Exchange {
  readonly #outgoing: http.ClientRequest;
  readonly #origin: string;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #head: Promise<http.IncomingMessage | KubeFailure>;
  /** The server had closed the connection that was kept from an earlier request, and may not have seen this one. */
  #wasClosedMeanwhile = false;
  /** Set once: why this end gave up. */
  #ended: Error | undefined;
  #silence: Timer | undefined;
  #silenceLimitMs = ANSWER_TIMEOUT_MS;
  #heardAtMs = 0;

  constructor(outgoing: http.ClientRequest, origin: string, clock: Clock, signal: AbortSignal) {
    this.#outgoing = outgoing;
    this.#origin = origin;
    this.#clock = clock;
    this.#signal = signal;
    this.#head = this.#awaitHead();
    const leave = onAbort(signal, () => this.end(signal.reason));
    outgoing.once('close', () => {
      leave();
      this.#silence?.cancel();
    });
    this.limit(ANSWER_TIMEOUT_MS);
  }

  get wasClosedMeanwhile(): boolean {
    return this.#wasClosedMeanwhile;
  }

  /** @throws the signal's reason */
  async response(): Promise<http.IncomingMessage | KubeFailure> {
    const head = await this.#head;
    if (!(head instanceof http.IncomingMessage)) this.#signal.throwIfAborted();
    return head;
  }

  /** @throws {KubeStreamError}, and the signal's reason */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    const head = await this.response();
    if (!(head instanceof http.IncomingMessage)) throw new KubeStreamError(head.reason, head.detail);
    try {
      for await (const chunk of head as AsyncIterable<Buffer>) {
        this.#heardAtMs = this.#clock.monotonicMs();
        yield chunk;
        // Whoever reads slowly must not find the server silent.
        this.#heardAtMs = this.#clock.monotonicMs();
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      if (this.#ended instanceof KubeStreamError) throw this.#ended;
      throw new KubeStreamError(reasonOf(error), `${this.#origin}: ${describe(error)}`, { cause: error });
    } finally {
      this.#silence?.cancel();
    }
  }

  limit(limitMs: number): void {
    this.#silenceLimitMs = limitMs;
    this.#heardAtMs = this.#clock.monotonicMs();
    this.#watchSilence(limitMs);
  }

  /** One timer that looks how long ago the last byte came, and not one per chunk. */
  #watchSilence(delayMs: number): void {
    this.#silence?.cancel();
    this.#silence = this.#clock.setTimer(delayMs, () => {
      const leftMs = this.#heardAtMs + this.#silenceLimitMs - this.#clock.monotonicMs();
      if (leftMs > 0) this.#watchSilence(leftMs);
      else this.end(new KubeStreamError('timeout', `${this.#origin}: no byte within ${this.#silenceLimitMs / 1000} s`));
    });
  }

  readonly end = (reason: Error): void => {
    this.#ended ??= reason;
    this.#outgoing.destroy(this.#ended);
  };

  #awaitHead(): Promise<http.IncomingMessage | KubeFailure> {
    const outgoing = this.#outgoing;
    return new Promise((resolve) => {
      const connectTimer = this.#clock.setTimer(CONNECT_TIMEOUT_MS, () => {
        this.end(
          new KubeStreamError('timeout', `${this.#origin}: no connection within ${CONNECT_TIMEOUT_MS / 1000} s`),
        );
      });
      outgoing.on('socket', (socket) => {
        const ready = (): void => {
          connectTimer.cancel();
          socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
        };
        if (socket.connecting) socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', ready);
        else ready();
      });
      outgoing.once('close', () => connectTimer.cancel());
      // Stays on: an error after the head is seen by who reads the body, and must not end the process here.
      outgoing.on('error', (error) => {
        const broken = this.#ended instanceof KubeStreamError ? this.#ended : undefined;
        const code = errorCode(error);
        this.#wasClosedMeanwhile = outgoing.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
        resolve({
          status: 'failed',
          reason: broken?.reason ?? reasonOf(error),
          detail: broken?.message ?? `${this.#origin}: ${describe(error)}`,
        });
      });
      outgoing.on('response', (response) => {
        this.#heardAtMs = this.#clock.monotonicMs();
        resolve(response);
      });
    });
  }
}

/** llhttp's codes begin with HPE_: what came is not HTTP. */
function reasonOf(error: unknown): KubeFailure['reason'] {
  return errorCode(error)?.startsWith('HPE_') === true ? 'protocol' : 'network';
}

function describe(error: unknown): string {
  const described = describeError(error);
  const code = errorCode(error);
  return code === undefined || described.includes(code) ? described : `${described} (${code})`;
}
