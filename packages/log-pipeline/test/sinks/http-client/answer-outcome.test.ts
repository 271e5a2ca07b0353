import { describe, expect, test } from 'vitest';
import { explanation, outcomeOfFailure } from '../../../src/sinks/http-client/answer-outcome.ts';

function outcome(httpStatus: number, body = '', headers: Record<string, string> = {}): unknown {
  const result = { status: 'answered', httpStatus, headers, body: Buffer.from(body) } as const;
  return outcomeOfFailure(result, (status) => status === 400, Date.UTC(2026, 10, 21));
}

describe('the outcome of a request that did not succeed', () => {
  test.each([
    [429, 'throttled'],
    [500, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
    [408, 'unavailable'],
    [425, 'unavailable'],
  ])('%i is sent again', (httpStatus, reason) => {
    expect(outcome(httpStatus, 'wait')).toEqual({ status: 'retryable', reason, detail: `${httpStatus}: wait` });
  });

  test('carries Retry-After', () => {
    expect(outcome(503, '', { 'retry-after': '12' })).toMatchObject({ retryAfterMs: 12_000 });
    expect(outcome(429, '', { 'retry-after': 'Sat, 21 Nov 2026 00:00:05 GMT' })).toMatchObject({ retryAfterMs: 5_000 });
  });

  test.each([
    [401, 'credentials'],
    [403, 'credentials'],
    [407, 'credentials'],
    [404, 'not_found'],
    [301, 'endpoint'],
    [405, 'endpoint'],
    [415, 'endpoint'],
  ])('%i holds', (httpStatus, reason) => {
    expect(outcome(httpStatus)).toEqual({ status: 'held', reason, detail: `${httpStatus}: no explanation` });
  });

  test('413 is too large, and what the sink calls a refusal is one', () => {
    expect(outcome(413)).toEqual({ status: 'too_large' });
    expect(outcome(400, 'nonsense')).toEqual({ status: 'rejected', httpStatus: 400, error: 'nonsense' });
  });

  test('what never got an answer is sent again', () => {
    const failed = { status: 'failed', reason: 'timeout', detail: 'no answer', connected: true } as const;
    expect(outcomeOfFailure(failed, () => true, 0)).toEqual({
      status: 'retryable',
      reason: 'timeout',
      detail: 'no answer',
    });
  });
});

test.each([
  [
    '{"error":{"type":"security_exception","reason":"missing authentication"},"status":401}',
    'security_exception: missing authentication',
  ],
  ['{"error":"no handler found for uri [/]","status":400}', 'no handler found for uri [/]'],
  ['{"error":{"type":"x"}}', 'x:'],
  ['<html>\n  <h1>502</h1>\u001b[31m', '<html> <h1>502</h1> [31m'],
  ['', 'no explanation'],
  ['y'.repeat(1000), 'y'.repeat(500)],
])('explains %j as %j', (body, text) => {
  expect(explanation(Buffer.from(body))).toBe(text);
});
