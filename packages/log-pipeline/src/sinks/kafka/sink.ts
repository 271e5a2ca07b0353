/** Documents as messages of Kafka topics. */
import { isIP } from 'node:net';
import type { Producer, ProducerOptions } from '@platformatic/kafka';
import type { Clock, Timer } from '@vigie/core/clock';
import { formatHostPort } from '@vigie/core/host-port';
import { SecretFile } from '@vigie/core/secrets';
import { clientTls } from '@vigie/core/tls';
import { untilAborted } from '@vigie/core/until-aborted';
import { documentShape, type RecordFacts } from '../../encode/document.ts';
import type { JsonLineShape } from '../../encode/json-lines.ts';
import type { RejectedItem, SendOutcome, Sink, SinkDeps } from '../sink.ts';
import { addressLine, endOfRequest, type KafkaMessage, messageBytes, messagesOf } from './body.ts';
import type { KafkaSinkConfig } from './config.ts';
import { type ConnectionFailure, watchConnections } from './connection-failures.ts';
import { isTlsRefusal, outcomeOfError } from './failure.ts';
import { keyFor, Topics } from './topics.ts';

type BufferProducer = Producer<Buffer, Buffer, Buffer, Buffer>;
type BufferProducerOptions = ProducerOptions<Buffer, Buffer, Buffer, Buffer>;

/** As the client names it. */
const REFUSED_LOGIN = 'PLT_KFK_AUTHENTICATION';

/** The client itself repeats a request for so long, with the same sequence numbers: a broker that had it already, and
 *  came back from a crash (12 s with a recovery of its log), does not store it twice. */
const CLIENT_RETRIES = 60;
const CLIENT_RETRY_DELAY_MS = 500;

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

export class KafkaSink implements Sink {
  readonly type = 'kafka';
  readonly name: string;
  readonly linesPerRecord = 2;
  readonly perUtcDay = false;
  readonly takesDeflate = false;
  readonly ordered = true;
  readonly #config: KafkaSinkConfig;
  readonly #topics: Topics;
  readonly #tls: ReturnType<typeof clientTls> | undefined;
  readonly #password: (() => string) | undefined;
  #client: Promise<typeof import('@platformatic/kafka')> | undefined;
  #producer: Promise<BufferProducer> | undefined;
  /** Of a connection, the last one during the request under way. */
  #failure: unknown;
  #endWatch: (() => void) | undefined;
  /** Requests go one after another: the client's sequence numbers know no other order. */
  #turn: Promise<unknown> = Promise.resolve();
  #limitBytes: number;
  readonly #clock: Clock;
  /** Ends the request under way: the brokers do not let us in. */
  #refused: ((error: unknown) => void) | undefined;
  #closed = false;

  constructor(name: string, config: KafkaSinkConfig, deps: SinkDeps) {
    this.name = name;
    this.#config = config;
    this.#clock = deps.clock;
    this.#limitBytes = config.max_request_bytes;
    this.#topics = new Topics(config.topic, config.max_topics, () => deps.events.count(name, 'name_overflow', 1));
    const { tls, sasl } = config;
    if (tls !== false) this.#tls = clientTls(tls === true ? {} : tls, deps.clock);
    if (sasl?.password_file !== undefined) {
      const file = new SecretFile(sasl.password_file, deps.clock);
      this.#password = () => file.value();
    } else if (sasl !== undefined) this.#password = () => sasl.password ?? '';
  }

  shape(facts: RecordFacts): JsonLineShape {
    const head = addressLine(this.#topics.topicFor(facts), keyFor(facts));
    return documentShape(facts, { id: 'none', head }, undefined, this.#config.format);
  }

  async start(): Promise<void> {
    this.#tls?.current();
    this.#password?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#discard();
  }

  async send(body: Uint8Array, _records: number, signal: AbortSignal): Promise<SendOutcome> {
    // A copy: a request that is given up may still be read by the client.
    const messages = messagesOf(Buffer.from(body));
    const before = this.#turn;
    const sending = before.then(() => this.#sendAll(messages, signal));
    this.#turn = sending.catch(() => undefined);
    signal.addEventListener('abort', this.#giveUp, { once: true });
    try {
      return await untilAborted(sending, signal);
    } finally {
      signal.removeEventListener('abort', this.#giveUp);
    }
  }

  /** In requests of the size that the broker takes, first to last. */
  async #sendAll(messages: readonly KafkaMessage[], signal: AbortSignal): Promise<SendOutcome> {
    const rejected: RejectedItem[] = [];
    /** Ends of the parts that a refused request is tried in, the next one last. */
    const ends: number[] = [];
    for (let start = 0; start < messages.length; ) {
      signal.throwIfAborted();
      const end = ends.pop() ?? endOfRequest(messages, start, this.#limitBytes);
      const part = messages.slice(start, end);
      const failure = await this.#produce(part);
      if (failure?.status === 'too_large' || failure?.status === 'rejected') {
        if (part.length > 1) {
          if (failure.status === 'too_large') this.#limitBytes = Math.min(this.#limitBytes, requestBytes(part) - 1);
          ends.push(end, start + (part.length >> 1));
          continue;
        }
        rejected.push(
          failure.status === 'rejected'
            ? { index: start, httpStatus: failure.httpStatus, error: failure.error }
            : {
                index: start,
                httpStatus: 413,
                error: `its ${requestBytes(part)} bytes are more than the broker takes`,
              },
        );
      } else if (failure !== undefined) {
        if (start === 0) return failure;
        if (failure.status === 'held')
          return { status: 'items', retry: range(start, messages.length), rejected, reason: 'unavailable' };
        return { status: 'items', retry: range(start, messages.length), rejected, reason: failure.reason };
      }
      start = end;
    }
    if (rejected.length === 0) return { status: 'accepted' };
    return { status: 'items', retry: [], rejected, reason: 'protocol' };
  }

  async #produce(messages: readonly KafkaMessage[]): Promise<ReturnType<typeof outcomeOfError> | undefined> {
    const { delivery } = this.#config.timeouts;
    this.#failure = undefined;
    let timer: Timer | undefined;
    // The client's own repeats multiply: for what may be too long, and for a password or certificate that is wrong.
    const hopeless = new Promise<never>((_resolve, reject) => {
      this.#refused = reject;
      timer = this.#clock.setTimer(delivery, () =>
        reject(new Error(`no answer of the brokers within ${delivery} ms`, { cause: this.#failure })),
      );
    });
    try {
      const sending = this.#connected().then((producer) => producer.send({ messages: [...messages] }));
      await Promise.race([sending, hopeless]);
      return undefined;
    } catch (error) {
      // Part of the request may be stored, which this producer does not count: its next sequence numbers would be taken
      // for repeats, and the broker would drop other records as such.
      await this.#discard();
      return outcomeOfError(error);
    } finally {
      timer?.cancel();
    }
  }

  readonly #giveUp = (): void => void this.#discard();

  #connected(): Promise<BufferProducer> {
    if (this.#closed) throw new DOMException('the sink is closed', 'AbortError');
    this.#producer ??= this.#create();
    return this.#producer;
  }

  async #create(): Promise<BufferProducer> {
    // Time and memory that only those pay who send to Kafka, and they once.
    this.#client ??= import('@platformatic/kafka');
    const { Producer, connectionsConnectsChannel } = await this.#client;
    const { brokers, sasl, compression, timeouts } = this.#config;
    const tls = this.#tls?.current();
    const options: BufferProducerOptions = {
      clientId: `vigie-${this.name}`,
      bootstrapBrokers: brokers.map(formatHostPort),
      idempotent: true,
      acks: -1,
      ...(compression === 'none' ? {} : { compression }),
      autocreateTopics: true,
      repeatOnStaleMetadata: true,
      retries: CLIENT_RETRIES,
      retryDelay: CLIENT_RETRY_DELAY_MS,
      connectTimeout: timeouts.connect,
      timeout: timeouts.request,
      // RFC 6066 has no addresses as server names.
      ...(tls === undefined
        ? {}
        : { tls, tlsServerName: tls.servername ?? brokers.some(({ host }) => isIP(host) === 0) }),
      ...(sasl === undefined
        ? {}
        : {
            sasl: {
              mechanism: MECHANISMS[sasl.mechanism],
              username: sasl.user,
              password: this.#password ?? '',
            },
          }),
    };
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>(options);
    this.#endWatch?.();
    this.#endWatch = watchConnections(producer, connectionsConnectsChannel.error, (failure) => this.#failed(failure));
    return producer;
  }

  #failed({ error, duringLogin }: ConnectionFailure): void {
    this.#failure = error;
    if (duringLogin)
      this.#refused?.(
        Object.assign(new Error('the broker refuses the credentials', { cause: error }), { code: REFUSED_LOGIN }),
      );
    else if (isTlsRefusal(error)) this.#refused?.(error);
  }

  async #discard(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    this.#endWatch?.();
    try {
      await (await producer)?.close();
    } catch {
      // It is not used any more, whether or not it could say goodbye.
    }
  }
}

function requestBytes(messages: readonly KafkaMessage[]): number {
  return messages.reduce((sum, message) => sum + messageBytes(message), 0);
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, offset) => start + offset);
}
