import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ConnectionFailure, watchConnections } from '../../../src/sinks/kafka/connection-failures.ts';
import { isTlsRefusal, outcomeOfError } from '../../../src/sinks/kafka/failure.ts';

const connects = channel('test:kafka:connects:error');
let producer = new EventEmitter();
let failures: ConnectionFailure[] = [];
let end = (): void => undefined;
beforeEach(() => {
  producer = new EventEmitter();
  failures = [];
  end = watchConnections(producer, connects, (failure) => failures.push(failure));
});
afterEach(() => end());

/** As the client tells it: the cause in the channel of all producers, then the event of this one. */
function fail(connection: EventEmitter, error: Error): void {
  connects.publish({ connection, error });
  producer.emit('client:broker:failed', { broker: {}, connection });
}

describe('connections of a producer', () => {
  const error = new Error('refused');

  test('that cannot be made tell why; those of other producers are not heard', () => {
    const connection = new EventEmitter();
    fail(connection, error);
    connects.publish({ connection: new EventEmitter(), error: new Error('of another') });
    expect(failures).toEqual([{ error, duringLogin: false }]);
  });

  test('that end between greeting and login are refused ones, whatever the others do meanwhile', () => {
    const [mine, other] = [new EventEmitter(), new EventEmitter()];
    producer.emit('client:broker:sasl:handshake', { connection: mine });
    fail(other, error);
    fail(mine, error);
    expect(failures.map(({ duringLogin }) => duringLogin)).toEqual([false, true]);
  });

  test.each([
    'sasl:authentication',
    'sasl:authentication:extended',
  ])('that fail after %s are no refused ones', (event) => {
    const connection = new EventEmitter();
    producer.emit('client:broker:sasl:handshake', { connection });
    producer.emit(`client:broker:${event}`, { connection });
    fail(connection, error);
    expect(failures).toEqual([{ error, duringLogin: false }]);
  });

  test('that fail once they are made are heard every time, and end no process', () => {
    const connection = new EventEmitter();
    producer.emit('client:broker:connect', { connection });
    connection.emit('error', error);
    connection.emit('error', error);
    expect(failures).toHaveLength(2);
  });
});

describe('what a failed connection means', () => {
  const caused = (code: string): Error =>
    new Error('Connection to b:1 failed.', { cause: Object.assign(new Error('because'), { code }) });

  test.each([
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', true],
    ['SELF_SIGNED_CERT_IN_CHAIN', true],
    ['ERR_TLS_CERT_ALTNAME_INVALID', true],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', true],
    ['ECONNREFUSED', false],
    ['ECONNRESET', false],
  ])('%s', (code, isRefusal) => {
    expect(isTlsRefusal(caused(code))).toBe(isRefusal);
    expect(outcomeOfError(caused(code))).toMatchObject({ status: 'retryable', reason: 'network' });
  });
});
