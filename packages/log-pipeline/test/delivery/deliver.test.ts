import { deflateSync } from 'node:zlib';
import { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DroppedLetters } from '../../src/delivery/dead-letter.ts';
import { BodyLimit, type DeliveryDeps, type DeliveryResult, deliver } from '../../src/delivery/deliver.ts';
import { SinkHealth } from '../../src/delivery/sink-health.ts';
import type { SendOutcome } from '../../src/sinks/sink.ts';
import { type Answer, bodyOf, MemoryDeadLetters, recordText, ScriptedSink } from './scripted-sink.ts';

interface Retried {
  readonly reason: string;
  readonly records: number;
  readonly delayMs: number;
}

interface Bench {
  readonly clock: FakeClock;
  readonly letters: MemoryDeadLetters;
  readonly retries: Retried[];
  readonly refused: [httpStatus: number, records: number][];
  readonly tooLarge: number[];
  readonly deps: DeliveryDeps;
}

function bench(letters = new MemoryDeadLetters(), random = seededRandom(1)): Bench {
  const clock = new FakeClock(Date.UTC(2026, 10, 21, 4, 12, 19));
  const retries: Retried[] = [];
  const refused: [number, number][] = [];
  const tooLarge: number[] = [];
  const deps: DeliveryDeps = {
    clock,
    random,
    deadLetters: letters,
    health: new SinkHealth(),
    bodyLimit: new BodyLimit(),
    events: {
      retry: (_sink, reason, records, delayMs) => retries.push({ reason, records, delayMs }),
      refused: (_sink, httpStatus, records) => refused.push([httpStatus, records]),
      tooLarge: (_sink, bodyBytes) => tooLarge.push(bodyBytes),
    },
  };
  return { clock, letters, retries, refused, tooLarge, deps };
}

/** Delivers while time passes as fast as it can. */
async function run(
  { clock, deps }: Bench,
  sink: ScriptedSink,
  records: number,
  signal = new AbortController().signal,
): Promise<DeliveryResult> {
  let done = false;
  const lines = bodyOf(records, sink.linesPerRecord);
  const [body, inflatedBytes] = sink.takesDeflate ? [deflateSync(lines), lines.length] : [lines, undefined];
  const delivery = deliver(body, records, sink, deps, signal, inflatedBytes).finally(() => {
    done = true;
  });
  const outcome = delivery.catch(() => undefined);
  while (!done) await clock.advance(60_000);
  await outcome;
  return delivery;
}

const retryable: SendOutcome = { status: 'retryable', reason: 'network', detail: 'connection reset' };
const badRequest: SendOutcome = { status: 'rejected', httpStatus: 400, error: 'bad' };

describe('deliver', () => {
  test('counts what was thrown away without a word of which, and sends none of it again', async () => {
    const at = bench();
    const discarded: SendOutcome = { status: 'discarded', records: 2, httpStatus: 200, error: 'too old' };
    const sink = new ScriptedSink(1, [() => discarded]);
    const rejected = [0, 1].map((index) => ({ index, reason: 'rejected' }));
    expect(await run(at, sink, 5)).toEqual({ rejected });
    expect([sink.bodies.length, at.retries, at.letters.letters, at.refused]).toEqual([1, [], [], [[200, 2]]]);
  });

  test('sends a zlib stream as it is until a part of it is refused', async () => {
    const at = bench(new MemoryDeadLetters());
    const later: SendOutcome = { status: 'retryable', reason: 'unavailable', detail: '503' };
    const some: SendOutcome = { status: 'items', retry: [1, 2], rejected: [], reason: 'throttled' };
    const sink = new ScriptedSink(2, [() => later, () => some], true);
    expect(await run(at, sink, 4)).toEqual({ rejected: [] });
    expect(sink.bodies).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
      [1, 2],
    ]);
    expect(sink.deflated).toBe(2);
  });

  test('sends an accepted body once, as it is', async () => {
    const at = bench();
    const sink = new ScriptedSink(2, []);
    expect(await run(at, sink, 5)).toEqual({ rejected: [] });
    expect(sink.bodies).toEqual([[0, 1, 2, 3, 4]]);
    expect(at.retries).toEqual([]);
  });

  test('sends nothing for an empty body', async () => {
    const sink = new ScriptedSink(1, []);
    expect(await run(bench(), sink, 0)).toEqual({ rejected: [] });
    expect(sink.bodies).toEqual([]);
  });

  test('sends the whole body again until it is accepted, with growing waits', async () => {
    const at = bench(undefined, () => 0.999);
    const sink = new ScriptedSink(
      1,
      Array.from({ length: 9 }, () => () => retryable),
    );
    await run(at, sink, 3);
    expect(sink.bodies).toEqual(Array.from({ length: 10 }, () => [0, 1, 2]));
    expect(at.retries.map(({ delayMs }) => Math.round(delayMs / 100) * 100)).toEqual([
      500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000,
    ]);
  });

  test('waits as the sink’s configuration says, and longer where the sink refuses the agent itself', async () => {
    const at = bench(undefined, () => 0.999);
    const deps = { ...at.deps, backoff: { baseMs: 100, capMs: 300 } };
    const held: SendOutcome = { status: 'held', reason: 'credentials', detail: '401' };
    const outcomes = [retryable, retryable, retryable, held, held];
    const sink = new ScriptedSink(
      1,
      outcomes.map((outcome) => () => outcome),
    );
    await run({ ...at, deps }, sink, 1);
    expect(at.retries.map(({ delayMs }) => Math.round(delayMs / 100) * 100)).toEqual([100, 200, 300, 600, 600]);
  });

  test('waits at least as long as Retry-After asks', async () => {
    const at = bench(undefined, () => 0);
    const sink = new ScriptedSink(1, [() => ({ ...retryable, reason: 'throttled', retryAfterMs: 7_000 })]);
    await run(at, sink, 1);
    expect(at.retries).toEqual([{ reason: 'throttled', records: 1, delayMs: 7_000 }]);
  });

  test.each([1, 2] as const)('resends only the items asked for (%d lines a record)', async (lines) => {
    const at = bench();
    const sink = new ScriptedSink(lines, [
      () => ({ status: 'items', retry: [1, 3, 4], rejected: [], reason: 'throttled' }),
      () => ({
        status: 'items',
        retry: [2],
        rejected: [{ index: 0, httpStatus: 400, error: 'mapping' }],
        reason: 'throttled',
      }),
    ]);
    expect(await run(at, sink, 6)).toEqual({ rejected: [{ index: 1, reason: 'dead_letter' }] });
    expect(sink.bodies).toEqual([[0, 1, 2, 3, 4, 5], [1, 3, 4], [4]]);
    expect(at.letters.letters).toEqual([
      {
        timeMs: Date.UTC(2026, 10, 21, 4, 12, 19) + (at.retries[0]?.delayMs ?? 0),
        sink: 'es',
        status: 400,
        error: 'mapping',
        lines: Buffer.from(recordText(1, lines)),
      },
    ]);
    expect(at.refused).toEqual([[400, 1]]);
  });

  test('begins with short waits again when some of the items were taken', async () => {
    const at = bench(undefined, () => 0.999);
    const none: Answer = (numbers) => ({
      status: 'items',
      retry: numbers.map((_, i) => i),
      rejected: [],
      reason: 'throttled',
    });
    const one: Answer = (numbers) => ({
      status: 'items',
      retry: numbers.slice(1).map((_, i) => i + 1),
      rejected: [],
      reason: 'throttled',
    });
    await run(at, new ScriptedSink(1, [none, none, none, one, none]), 4);
    expect(at.retries.map(({ delayMs }) => Math.round(delayMs / 100) * 100)).toEqual([500, 1000, 2000, 500, 1000]);
  });

  test('halves a body that is too large, and does not send one of that size again', async () => {
    const at = bench();
    const limit: Answer = (_numbers, body) => (body.length > 40 ? { status: 'too_large' } : { status: 'accepted' });
    const sink = new ScriptedSink(
      1,
      Array.from({ length: 100 }, () => limit),
    );
    await run(at, sink, 10);
    expect(sink.bodies).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
    ]);
    const next = new ScriptedSink(
      1,
      Array.from({ length: 100 }, () => limit),
    );
    await run(at, next, 10);
    expect(next.bodies).toEqual([
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
    ]);
    expect(at.tooLarge).toEqual([80]);
  });

  test('puts a single record that is too large into the dead letters, and still sends large bodies of others', async () => {
    const at = bench();
    const limit: Answer = (numbers) => (numbers.includes(2) ? { status: 'too_large' } : { status: 'accepted' });
    const sink = new ScriptedSink(
      2,
      Array.from({ length: 100 }, () => limit),
    );
    expect(await run(at, sink, 4)).toEqual({ rejected: [{ index: 2, reason: 'dead_letter' }] });
    expect(at.letters.letters.map(({ status, error }) => ({ status, error }))).toEqual([
      { status: 413, error: "the record's 22 bytes are more than the sink takes" },
    ]);
    expect(sink.accepted.sort()).toEqual([0, 1, 3]);
  });

  test('halves a refused body down to the culprit', async () => {
    const at = bench();
    const refuse: Answer = (numbers) => (numbers.includes(37) ? badRequest : { status: 'accepted' });
    const sink = new ScriptedSink(
      1,
      Array.from({ length: 100 }, () => refuse),
    );
    expect(await run(at, sink, 100)).toEqual({ rejected: [{ index: 37, reason: 'dead_letter' }] });
    expect(sink.bodies.length).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(100)));
    expect(sink.accepted).toEqual(Array.from({ length: 100 }, (_, n) => n).filter((n) => n !== 37));
  });

  test('holds on a fault of configuration, tells since when, and goes on when it is mended', async () => {
    const at = bench();
    const held: SendOutcome = { status: 'held', reason: 'credentials', detail: '401' };
    const seen: unknown[] = [];
    const hold: Answer = () => held;
    const look: Answer = () => {
      seen.push(at.deps.health.trouble);
      return held;
    };
    const sink = new ScriptedSink(1, [hold, hold, look]);
    await run(at, sink, 2);
    expect(seen).toEqual([{ kind: 'held', reason: 'credentials', detail: '401', sinceMs: 0 }]);
    expect(at.deps.health.trouble).toBeUndefined();
    expect(sink.accepted).toEqual([0, 1]);
    expect(at.letters.letters).toEqual([]);
  });

  test('holds while the dead letters cannot be written, and drops nothing', async () => {
    const at = bench(new MemoryDeadLetters([0, 1, 2]));
    const sink = new ScriptedSink(1, [
      () => ({
        status: 'items',
        retry: [0],
        rejected: [{ index: 1, httpStatus: 400, error: 'bad' }],
        reason: 'throttled',
      }),
    ]);
    const delivery = run(at, sink, 2);
    await at.clock.advance(0);
    expect(at.deps.health.trouble).toMatchObject({ kind: 'dead_letter', reason: 'ENOSPC' });
    expect(await delivery).toEqual({ rejected: [{ index: 1, reason: 'dead_letter' }] });
    expect(at.letters.letters).toHaveLength(1);
    expect(sink.bodies).toEqual([[0, 1], [0]]);
  });

  test('rejects with the reason when it is aborted while it waits', async () => {
    const at = bench();
    const abort = new AbortController();
    const sink = new ScriptedSink(1, [() => retryable]);
    const delivery = deliver(bodyOf(1, 1), 1, sink, at.deps, abort.signal);
    const outcome = expect(delivery).rejects.toThrow('shutting down');
    await at.clock.advance(0);
    expect(at.deps.health.trouble).toMatchObject({ kind: 'retrying' });
    abort.abort(new Error('shutting down'));
    await outcome;
    expect(at.deps.health.trouble).toBeUndefined();
    expect(at.clock.pendingTimers).toBe(0);
  });

  test('without a dead-letter file drops refused records, and says why at most once a minute', async () => {
    const at = bench();
    const warnings: unknown[] = [];
    const dropped = new DroppedLetters(at.clock, (sink, _message, fields) => warnings.push({ sink, ...fields }));
    const dropping: Bench = { ...at, deps: { ...at.deps, deadLetters: dropped } };
    const refuse = (): ScriptedSink => new ScriptedSink(1, [() => badRequest]);
    const deliverOne = (): Promise<DeliveryResult> =>
      deliver(bodyOf(1, 1), 1, refuse(), dropping.deps, new AbortController().signal);
    for (let n = 0; n < 5; n++) expect(await deliverOne()).toEqual({ rejected: [{ index: 0, reason: 'rejected' }] });
    expect(warnings).toEqual([{ sink: 'es', records: 1, status: 400, error: 'bad' }]);
    await at.clock.advance(60_000);
    await deliverOne();
    expect(warnings.at(-1)).toEqual({ sink: 'es', records: 5, status: 400, error: 'bad' });
    expect(warnings).toHaveLength(2);
  });

  test('for any script of outcomes every record ends accepted or in the dead letters, exactly once', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('items' as const),
        fates: fc.array(fc.constantFrom('ok', 'retry', 'reject'), { minLength: 1, maxLength: 12 }),
      }),
      fc.record({ kind: fc.constantFrom('retryable', 'too_large', 'rejected', 'held', 'accepted') }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 0, max: 25 }),
        fc.constantFrom(1 as const, 2 as const),
        fc.array(fc.nat({ max: 10 })),
        fc.integer(),
        fc.boolean(),
        async (script, records, lines, letterFailures, seed, deflated) => {
          const at = bench(new MemoryDeadLetters(letterFailures), seededRandom(seed));
          const sink = new ScriptedSink(
            lines,
            script.map((one) => answerOf(one)),
            deflated,
          );
          const { rejected } = await run(at, sink, records);

          const buried = at.letters.letters.map(({ lines: bytes }) =>
            Number(/"n":(\d+)/.exec(Buffer.from(bytes).toString())?.[1]),
          );
          const all = Array.from({ length: records }, (_, n) => n);
          expect([...sink.accepted, ...buried].sort((a, b) => a - b)).toEqual(all);
          expect(rejected.map(({ index }) => index)).toEqual(buried.sort((a, b) => a - b));
          for (const numbers of sink.bodies) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
          expect(at.deps.health.trouble).toBeUndefined();
          expect(at.clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});

type Step = { readonly kind: string; readonly fates?: readonly string[] };

function answerOf(step: Step): Answer {
  return (numbers) => {
    switch (step.kind) {
      case 'items': {
        const fates = step.fates ?? [];
        const having = (fate: string): number[] =>
          numbers.flatMap((_, i) => (fates[i % fates.length] === fate ? [i] : []));
        const rejected = having('reject').map((index) => ({ index, httpStatus: 400, error: 'bad' }));
        return { status: 'items', retry: having('retry'), rejected, reason: 'throttled' };
      }
      case 'retryable':
        return retryable;
      case 'too_large':
        return { status: 'too_large' };
      case 'rejected':
        return badRequest;
      case 'held':
        return { status: 'held', reason: 'template', detail: 'none matches' };
      default:
        return { status: 'accepted' };
    }
  };
}
