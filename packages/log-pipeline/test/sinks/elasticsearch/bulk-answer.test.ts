import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBulkAnswer } from '../../../src/sinks/elasticsearch/bulk-answer.ts';

function read(answer: unknown, records: number, ownIds = true): unknown {
  const bytes = Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer));
  const result = readBulkAnswer(bytes, records, ownIds);
  return result.status === 'understood' ? result.outcome : result.detail;
}

const ok = { create: { status: 201 } };
const there = {
  create: { status: 409, error: { type: 'version_conflict_engine_exception', reason: 'already exists' } },
};
const busy = { create: { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'queue is full' } } };
const down = { create: { status: 503, error: { type: 'unavailable_shards_exception', reason: 'primary' } } };
const bad = { create: { status: 400, error: { type: 'document_parsing_exception', reason: 'not a date' } } };

describe('a bulk answer', () => {
  test.each([
    '{"errors":false,"items":[{"create":{"status":201}}]}',
    '{"took":7,"errors":false,"items":[]}',
    '{"took":7,"ingest_took":3,"errors":false}',
    ' { "took" : 7 , "errors" : false , "items" : [ ] }',
  ])('without errors is accepted unread: %s', (answer) => {
    expect(read(answer, 1000)).toEqual({ status: 'accepted' });
  });

  test('is judged item by item', () => {
    expect(read({ errors: true, items: [ok, busy, bad, there, down, ok] }, 6)).toEqual({
      status: 'items',
      retry: [1, 4],
      rejected: [{ index: 2, httpStatus: 400, error: 'document_parsing_exception: not a date' }],
      reason: 'throttled',
    });
  });

  test('whose only errors are that the records are there already is accepted', () => {
    expect(read({ errors: true, items: [ok, there] }, 2)).toEqual({ status: 'accepted' });
  });

  test('a conflict on an id that is not ours is a refusal', () => {
    expect(read({ errors: true, items: [there] }, 1, false)).toMatchObject({ rejected: [{ httpStatus: 409 }] });
  });

  test.each([400, 403, 404, 405])('an item of %i is refused for good', (status) => {
    const items = [{ index: { status, error: { type: 'some_exception', reason: null } } }];
    expect(read({ errors: true, items }, 1)).toEqual({
      status: 'items',
      retry: [],
      rejected: [{ index: 0, httpStatus: status, error: 'some_exception' }],
      reason: 'unavailable',
    });
  });

  test.each([500, 502, 503, 504])('an item of %i comes again', (status) => {
    const items = [ok, { create: { status } }];
    expect(read({ errors: true, items }, 2)).toMatchObject({ retry: [1], rejected: [], reason: 'unavailable' });
  });

  test('reads errors given as text', () => {
    const items = [{ create: { status: 400, error: 'MapperParsingException[…]' } }];
    expect(read({ errors: true, items }, 1)).toMatchObject({ rejected: [{ error: 'MapperParsingException[…]' }] });
  });

  test.each([
    ['fewer items', { errors: true, items: [bad] }, '1 items for 2 records'],
    ['more items', { errors: true, items: [bad, ok, ok] }, '3 items for 2 records'],
    ['an item without action', { errors: true, items: [{}, ok] }, 'item 0 is empty'],
    ['an item without status', { errors: true, items: [{ create: {} }, ok] }, 'not a bulk answer'],
    ['a status that is none', { errors: true, items: [{ create: { status: 7 } }, ok] }, 'not a bulk answer'],
    ['no items', { errors: true }, 'not a bulk answer'],
    ['a page of a proxy', '<html>Welcome</html>', 'not a bulk answer: "<html>Welcome</html>"'],
    ['an answer cut short', '{"errors":true,"items":[{"create":{"sta', 'not a bulk answer'],
    ['nothing', '', 'not a bulk answer'],
    ['errors inside of something else', { took: { errors: false }, items: [] }, 'not a bulk answer'],
  ])('with %s is not understood', (_what, answer, detail) => {
    expect(read(answer, 2)).toContain(detail);
  });

  test('counts what went into the failure store', () => {
    const stored =
      '{"errors":false,"items":[{"create":{"status":201,"failure_store":"used"}},{"create":{"status":201}},{"create":{"status":201,"failure_store":"used"}}]}';
    expect(readBulkAnswer(Buffer.from(stored), 3, true)).toEqual({
      status: 'understood',
      outcome: { status: 'accepted' },
      redirected: 2,
    });
    const quoted = { create: { status: 400, error: { type: 'x', reason: 'value "failure_store":"used" is bad' } } };
    expect(readBulkAnswer(Buffer.from(JSON.stringify({ errors: true, items: [quoted] })), 1, true)).toMatchObject({
      redirected: 0,
    });
  });

  test('accounts for every record exactly once, whatever the items say', () => {
    const item = fc.record({ create: fc.record({ status: fc.integer({ min: 100, max: 599 }) }) });
    fc.assert(
      fc.property(fc.array(item), fc.boolean(), (items, ownIds) => {
        const answer = readBulkAnswer(Buffer.from(JSON.stringify({ errors: true, items })), items.length, ownIds);
        if (answer.status !== 'understood') throw new Error(answer.detail);
        const { outcome } = answer;
        const notAccepted =
          outcome.status === 'items' ? [...outcome.retry, ...outcome.rejected.map(({ index }) => index)] : [];
        const expected = items.flatMap(({ create: { status } }, index) =>
          (status >= 200 && status < 300) || (status === 409 && ownIds) ? [] : [index],
        );
        expect(notAccepted.sort((a, b) => a - b)).toEqual(expected);
      }),
    );
  });

  test('never throws on outside bytes', () => {
    const answers = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
      fc.record({ errors: fc.jsonValue(), items: fc.jsonValue() }).map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(answers, fc.nat({ max: 3 }), (bytes, records) => {
        expect(readBulkAnswer(Buffer.from(bytes), records, true).status).toMatch(/understood/);
      }),
    );
  });
});
