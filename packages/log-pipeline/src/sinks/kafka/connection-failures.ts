/** Why the connections of a producer fail: its requests are repeated until they time out, and then do not say. */
import type { EventEmitter } from 'node:events';

/** A channel of node:diagnostics_channel. */
export interface FailureChannel {
  subscribe(listener: (message: unknown) => void): void;
  unsubscribe(listener: (message: unknown) => void): unknown;
}

export interface ConnectionFailure {
  readonly error: unknown;
  /** The connection ended between greeting and login: what some brokers do to those whom they do not let in. */
  readonly duringLogin: boolean;
}

/** @param producer as the client makes it, before its first request
 *  @param connects the client's channel of connections that could not be made, of all its producers
 *  @param failed told of every connection that fails
 *  @returns ends it */
export function watchConnections(
  producer: EventEmitter,
  connects: FailureChannel,
  failed: (failure: ConnectionFailure) => void,
): () => void {
  const errors = new WeakMap<object, unknown>();
  const loggingIn = new WeakSet<object>();
  const note = (message: unknown): void => {
    const connection = objectAt(message, 'connection');
    if (connection !== undefined) errors.set(connection, Reflect.get(Object(message), 'error'));
  };
  connects.subscribe(note);
  const on = (event: string, listener: (connection: object) => void): void => {
    producer.on(`client:broker:${event}`, (payload: unknown) => {
      const connection = objectAt(payload, 'connection');
      if (connection !== undefined) listener(connection);
    });
  };
  on('sasl:handshake', (connection) => loggingIn.add(connection));
  on('sasl:authentication', (connection) => loggingIn.delete(connection));
  on('sasl:authentication:extended', (connection) => loggingIn.delete(connection));
  on('failed', (connection) => {
    const error = errors.get(connection) ?? new Error('a connection failed');
    failed({ error, duringLogin: loggingIn.has(connection) });
  });
  on('connect', (connection) => {
    // With TLS 1.3 a broker that wants another certificate says so only now.
    if (isEmitter(connection)) connection.on('error', (error) => failed({ error, duringLogin: false }));
  });
  return () => void connects.unsubscribe(note);
}

interface ErrorEmitter {
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

function isEmitter(value: object): value is ErrorEmitter {
  return typeof Reflect.get(value, 'on') === 'function';
}

function objectAt(value: unknown, name: string): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const member: unknown = Reflect.get(value, name);
  return typeof member === 'object' && member !== null ? member : undefined;
}
