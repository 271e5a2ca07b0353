import { describe, expect, it } from 'vitest';
import { describeError, errorCode, VigieError } from '../src/errors.ts';

describe('describeError', () => {
  it('joins an error with its causes', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9200'), { code: 'ECONNREFUSED' });
    const error = new VigieError('SINK_DOWN', 'cannot reach the sink', { cause: refused });
    expect(describeError(error)).toBe('cannot reach the sink: connect ECONNREFUSED 127.0.0.1:9200');
  });

  it('says no cause twice that a message has itself', () => {
    const refused = new Error('connect ECONNREFUSED 127.0.0.1:9090');
    const failed = new Error('', { cause: refused });
    const cause = new Error('the request failed', { cause: refused });
    const query = new Error(`cannot query: ${describeError(cause)}`, { cause });
    expect(describeError(query)).toBe('cannot query: the request failed: connect ECONNREFUSED 127.0.0.1:9090');
    expect(describeError(new Error(refused.message, { cause: refused }))).toBe(refused.message);
    expect(describeError(failed)).toBe('Error: connect ECONNREFUSED 127.0.0.1:9090');
    expect(describeError(new Error('not a', { cause: new Error('a') }))).toBe('not a: a');
  });

  it('names every address of a connection that failed on all of them', () => {
    const error = new AggregateError([
      new Error('connect ECONNREFUSED ::1:1'),
      new Error('connect ECONNREFUSED 127.0.0.1:1'),
    ]);
    expect(describeError(error)).toBe('connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1');
  });

  it('falls back to the code of an error without a message', () => {
    expect(describeError(Object.assign(new Error(''), { code: 'EPIPE' }))).toBe('EPIPE');
  });

  it('ends on causes that lead back to the error', () => {
    const error = new Error('a');
    error.cause = new Error('b', { cause: error });
    expect(describeError(error)).toBe('a: b');
  });

  it('takes what is no error', () => {
    expect(describeError(new Error('outer', { cause: 'text' }))).toBe('outer: text');
    expect(describeError(undefined)).toBe('');
  });
});

describe('errorCode', () => {
  it("reads Vigie's codes and Node's, and nothing else", () => {
    expect(errorCode(new VigieError('CONFIG_INVALID', 'x'))).toBe('CONFIG_INVALID');
    expect(errorCode(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT');
    expect(errorCode(Object.assign(new Error('x'), { code: 7 }))).toBeUndefined();
    expect(errorCode({ code: 'ENOENT' })).toBeUndefined();
  });
});
