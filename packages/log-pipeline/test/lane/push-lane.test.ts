import { setMaxListeners } from 'node:events';
import { type Clock, systemClock } from '@vigie/core/clock';
import { FakeClock } from '@vigie/core/fake-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { LaneLedger } from '../../src/delivery/ledger.ts';
import { documentShape, NO_OPENING, NO_POD_METADATA, type RecordFacts } from '../../src/encode/document.ts';
import { createKernel, type Kernel } from '../../src/kernel/kernel.ts';
import { type PushedRecord, PushLane } from '../../src/lane/push-lane.ts';
import type { LaneDelivery } from '../../src/lane/requests.ts';
import type { Transform } from '../../src/transforms/transform.ts';
import { Gate, hurried } from './harness.ts';

function factsOf(service: string): RecordFacts {
  return {
    ...NO_POD_METADATA,
    namespace: 'shop',
    podName: service,
    podUid: undefined,
    containerName: undefined,
    restartCount: undefined,
    containerId: undefined,
    nodeName: 'n1',
    labels: {},
    path: undefined,
    idPrefix: 'prefix',
  };
}

let sequence = 0;

function record(message: string, members = ''): PushedRecord {
  sequence++;
  const time = '2026-11-21T10:00:00.5Z';
  return { time, stderr: false, severity: 0, message: Buffer.from(message), members, sequence };
}

interface BedOptions {
  readonly transforms?: readonly Transform[];
  readonly inputBytes?: number;
  readonly batchBytes?: number;
  readonly clock?: Clock;
  readonly lingerMs?: number;
}

class Bed {
  readonly bodies: Record<string, unknown>[][] = [];
  readonly faults: unknown[] = [];
  readonly ledger = new LaneLedger();
  gate: Promise<void> | undefined;
  reject: LaneDelivery['rejected'] = [];
  readonly kernel: Kernel;
  readonly lane: PushLane;

  constructor({
    transforms = [],
    inputBytes = 65_536,
    batchBytes = 65_536,
    clock = systemClock,
    lingerMs = 2,
  }: BedOptions = {}) {
    this.kernel = createKernel({
      inputBytes,
      maxRows: 64,
      arenaBytes: 65_536,
      slots: 2,
      slotBytes: batchBytes + 65_536,
    });
    this.lane = new PushLane(
      { source: 'otlp', sink: 'memory', maxMessageBytes: 4096, batchBytes, lingerMs },
      {
        clock,
        kernel: this.kernel,
        sink: {
          perUtcDay: false,
          takesDeflate: false,
          shape: (facts) => documentShape(facts, NO_OPENING, undefined),
          deliver: async (body, _records, signal) => {
            const lines = Buffer.from(body).toString().trimEnd().split('\n');
            await Promise.race([this.gate, aborted(signal)]);
            this.bodies.push(lines.map((line) => JSON.parse(line)));
            return { rejected: this.reject };
          },
        },
        transforms: transforms.map((transform) => ({ name: transform.type, transform })),
        ledger: this.ledger,
        reports: {
          delivered: () => undefined,
          fault: (error) => this.faults.push(error),
          transformKept: () => undefined,
        },
      },
    );
  }

  get records(): Record<string, unknown>[] {
    return this.bodies.flat();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    setMaxListeners(0, signal);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

describe('a lane that records are pushed to', () => {
  let bed: Bed;
  afterEach(async () => {
    await bed.lane.close(AbortSignal.timeout(5_000));
    expect(bed.faults).toEqual([]);
  });

  it('answers when the sink has every record, with the facts of each group', async () => {
    bed = new Bed();
    const gate = new Gate();
    bed.gate = gate.opened;
    await bed.lane.start();
    let answered = false;
    const pushed = bed.lane.push([
      { facts: factsOf('a'), records: [record('one', '"status":200'), record('two')] },
      { facts: factsOf('b'), records: [record('three')] },
    ]);
    void pushed.then(() => {
      answered = true;
    });
    while (bed.lane.inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    gate.open();
    bed.gate = Promise.resolve();
    expect(await pushed).toBe(true);
    expect(bed.records).toMatchObject([
      { '@timestamp': '2026-11-21T10:00:00.5Z', message: 'one', status: 200, kubernetes: { pod: { name: 'a' } } },
      { message: 'two', log: { offset: expect.any(Number) } },
      { message: 'three', kubernetes: { pod: { name: 'b' } } },
    ]);
    expect(bed.records[0]).not.toHaveProperty('stream');
    expect(bed.ledger).toMatchObject({ readRecords: 3, ackedRecords: 3, inFlightBytes: 0 });
    expect(bed.ledger.ackedBytes).toBe(bed.ledger.readBytes);
  });

  it('sends what is worth a request at once when none is under way, and gathers the rest until that is answered', async () => {
    bed = new Bed({ batchBytes: 1 << 20, inputBytes: 1 << 20, lingerMs: 3_600_000 });
    const gate = new Gate();
    bed.gate = gate.opened;
    await bed.lane.start();
    const batch = (name: string) => [
      {
        facts: factsOf(name),
        records: Array.from({ length: 40 }, (_, n) => record(`${name} ${n} ${'x'.repeat(2000)}`)),
      },
    ];
    const first = bed.lane.push(batch('first'));
    while (bed.lane.inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    const others = [
      bed.lane.push(batch('second')),
      bed.lane.push([{ facts: factsOf('third'), records: [record('small')] }]),
    ];
    gate.open();
    expect(await Promise.all([first, ...others])).toEqual([true, true, true]);
    expect(bed.bodies.map((body) => body.length)).toEqual([40, 41]);
  });

  it('lets a little wait for more', async () => {
    const clock = new FakeClock();
    bed = new Bed({ clock, lingerMs: 200 });
    await bed.lane.start();
    const pushed = bed.lane.push([{ facts: factsOf('a'), records: [record('small')] }]);
    while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(bed.lane.inFlight).toBe(0);
    await clock.advance(200);
    expect(await pushed).toBe(true);
  });

  it('gives the memory of a burst back once it is idle, and goes on as before', async () => {
    bed = new Bed({ batchBytes: 1 << 20, clock: hurried(systemClock, 100) });
    await bed.lane.start();
    const records = Array.from({ length: 1000 }, (_, n) => record(`${n} ${'x'.repeat(2000)}`));
    expect(await bed.lane.push([{ facts: factsOf('a'), records }])).toBe(true);
    while (bed.kernel.renewals === 0) await systemClock.sleep(1);
    expect(await bed.lane.push([{ facts: factsOf('b'), records: [record('after')] }])).toBe(true);
    expect(bed.records).toHaveLength(1001);
    expect(bed.records.at(-1)).toMatchObject({ message: 'after', kubernetes: { pod: { name: 'b' } } });
  });

  it('spreads a large push over reads and requests, and answers once', async () => {
    bed = new Bed({ inputBytes: 8192, batchBytes: 16_384 });
    bed.gate = Promise.resolve();
    await bed.lane.start();
    const records = Array.from({ length: 1000 }, (_, index) => record(`line ${index} ${'x'.repeat(100)}`));
    expect(await bed.lane.push([{ facts: factsOf('a'), records }])).toBe(true);
    expect(bed.records.map(({ message }) => message)).toEqual(records.map(({ message }) => message.toString()));
    expect(bed.bodies.length).toBeGreaterThan(5);
  });

  it('puts several small pushes into one request', async () => {
    bed = new Bed();
    bed.gate = Promise.resolve();
    await bed.lane.start();
    const pushes = Array.from({ length: 20 }, (_, index) =>
      bed.lane.push([{ facts: factsOf('a'), records: [record(`push ${index}`)] }]),
    );
    expect(await Promise.all(pushes)).toEqual(pushes.map(() => true));
    expect(bed.records).toHaveLength(20);
    expect(bed.bodies.length).toBeLessThan(5);
  });

  it('cuts a message that is too long, and counts members that no read can hold', async () => {
    bed = new Bed({ inputBytes: 8192 });
    bed.gate = Promise.resolve();
    await bed.lane.start();
    const records = [record('x'.repeat(5000)), record('m', `"big":"${'y'.repeat(10_000)}"`), record('end')];
    expect(await bed.lane.push([{ facts: factsOf('a'), records }])).toBe(true);
    expect(bed.records).toMatchObject([{ log: { flags: ['truncated'] } }, { message: 'end' }]);
    expect([...bed.ledger.droppedRecords]).toEqual([['record_too_large', 1]]);
    expect(bed.ledger.inFlightBytes).toBe(0);
  });

  it('answers a push of which a transform left nothing', async () => {
    bed = new Bed({
      transforms: [
        {
          type: 'none',
          apply: ({ table, rowCount }, context) => {
            let bytes = 0;
            for (let row = 0; row < rowCount; row++) {
              table.setFlags(row, 32);
              bytes += table.rawBytes(row);
            }
            context.dropped('filtered', rowCount, bytes);
          },
        },
      ],
    });
    bed.gate = Promise.resolve();
    await bed.lane.start();
    expect(await bed.lane.push([{ facts: factsOf('a'), records: [record('one'), record('two')] }])).toBe(true);
    expect(bed.records).toEqual([]);
    expect([...bed.ledger.droppedRecords]).toEqual([['filtered', 2]]);
    expect(await bed.lane.push([])).toBe(true);
  });

  it('tells who waits when it ends before the sink has answered', async () => {
    bed = new Bed();
    bed.gate = new Promise(() => undefined);
    await bed.lane.start();
    const under = bed.lane.push([{ facts: factsOf('a'), records: [record('one')] }]);
    while (bed.lane.inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    const queued = bed.lane.push([{ facts: factsOf('a'), records: [record('two')] }]);
    await bed.lane.close(AbortSignal.abort(new Error('over')));
    expect(await Promise.all([under, queued])).toEqual([false, false]);
    expect(await bed.lane.push([{ facts: factsOf('a'), records: [record('three')] }])).toBe(false);
  });

  it('sends what it has taken before it ends', async () => {
    bed = new Bed();
    bed.gate = Promise.resolve();
    await bed.lane.start();
    const pushed = bed.lane.push([{ facts: factsOf('a'), records: [record('one')] }]);
    await bed.lane.close(AbortSignal.timeout(5_000));
    expect(await pushed).toBe(true);
    expect(bed.records).toHaveLength(1);
  });
});
