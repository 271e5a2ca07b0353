import { setMaxListeners } from 'node:events';
import { FakeClock } from '@vigie/core/fake-clock';
import { type Random, seededRandom } from '@vigie/core/random';
import { describe, expect, test } from 'vitest';
import type { BufferSink } from '../../src/buffer/buffer-drain.ts';
import { DiskBuffer, type DiskBufferOptions } from '../../src/buffer/disk-buffer.ts';
import { SEEDED } from '../kernel/seeded.ts';
import { FakeDisk } from './fake-disk.ts';

const FOLDER = '/data/buffers/es';
const MAX_IN_FLIGHT = 2;
const LIMIT_BYTES = 8_000;

interface Request {
  readonly id: number;
  readonly settle: (outcome: 'accept' | 'abort') => void;
}

/** Bodies by number, through random appends, answers, crashes of process and machine, full disks and reloads; what is
 *  known of each is compared with what the buffer says and does. */
class Run {
  readonly disk = new FakeDisk();
  readonly clock = new FakeClock();
  readonly log: string[] = [];
  readonly #random: Random;
  readonly #options: DiskBufferOptions;
  #buffer: DiskBuffer | undefined;
  #lanes = new AbortController();
  #requests: Request[] = [];
  #nextId = 0;
  /** Bodies whose append has resolved: the lane's checkpoint may have moved beyond them. */
  readonly #stored = new Set<number>();
  readonly #delivered = new Set<number>();
  /** In this process: a body is given to the sink twice only after a crash. */
  #givenOut = new Set<number>();
  /** Delivered before everything had come to rest: no crash brings them back. */
  readonly #settled = new Set<number>();
  /** Records that left the buffer, and records that it holds, of this process. */
  #left = 0;
  #taken = 0;
  #newestGiven = -1;
  /** A power cut may bring back segments that were removed. */
  #foundBytes = 0;
  dropped = 0;
  readonly #problems: string[] = [];
  /** Counts them: of one that was killed nothing is heard. */
  #process = 0;

  constructor(seed: number, whenFull: DiskBufferOptions['whenFull']) {
    this.#random = seededRandom(seed);
    this.#options = { maxBytes: LIMIT_BYTES, whenFull, bodyKind: 'ndjson' };
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  async open(): Promise<void> {
    const process = ++this.#process;
    const runs = (): boolean => process === this.#process;
    this.#lanes = new AbortController();
    // As many bodies wait here as no lane has.
    setMaxListeners(0, this.#lanes.signal);
    this.#requests = [];
    this.#givenOut = new Set();
    this.#newestGiven = -1;
    this.#left = 0;
    const opening = DiskBuffer.open(FOLDER, this.#options, {
      fs: this.disk.fs,
      clock: this.clock,
      random: this.#random,
      reports: {
        delivered: (_source, held) => {
          if (runs()) this.#left += held.records;
        },
        dropped: (_source, reason, held) => {
          if (!runs()) return;
          if (reason !== 'buffer_full') this.#problems.push(reason);
          this.#left += held.records;
          this.dropped += held.records;
        },
        trouble: () => undefined,
        fault: (error) => this.#problems.push(`fault: ${String(error)}`),
        damaged: (kind) => {
          if (kind !== 'torn') this.#problems.push(kind);
        },
        failed: () => undefined,
      },
    });
    await this.disk.quiesce();
    this.#buffer = await opening;
    this.#taken = this.#buffer.held().records;
    this.#foundBytes = this.#buffer.bytes;
    this.#buffer.start(this.#sink);
  }

  get #sink(): BufferSink {
    const process = this.#process;
    return {
      takesDeflate: true,
      maxInFlight: MAX_IN_FLIGHT,
      deliver: (body, _records, signal) => {
        if (process !== this.#process) return new Promise(() => undefined);
        const id = Number(Buffer.from(body).toString().split(' ')[0]);
        this.log.push(`given ${id}`);
        if (this.#givenOut.has(id)) this.#problems.push(`${id} is given out twice`);
        else if (id <= this.#newestGiven) this.#problems.push(`${id} comes after ${this.#newestGiven}`);
        if (this.#settled.has(id)) this.#problems.push(`${id} was settled`);
        this.#newestGiven = id;
        this.#givenOut.add(id);
        return new Promise((resolve, reject) => {
          const abort = (): void => settle('abort');
          const settle = (outcome: 'accept' | 'abort'): void => {
            signal.removeEventListener('abort', abort);
            this.#requests = this.#requests.filter((request) => request.id !== id);
            if (outcome === 'accept') {
              this.#delivered.add(id);
              resolve({ rejected: [] });
            } else {
              this.#givenOut.delete(id);
              this.#newestGiven = Math.min(this.#newestGiven, id - 1);
              reject(signal.reason);
            }
          };
          if (signal.aborted) settle('abort');
          signal.addEventListener('abort', abort);
          this.#requests.push({ id, settle });
        });
      },
    };
  }

  #append(): void {
    const id = this.#nextId++;
    const body = Buffer.from(`${id} ${'x'.repeat(this.#below(900))}\n`);
    const { signal } = this.#lanes;
    const buffer = this.#buffer;
    this.log.push(`append ${id}`);
    const entry = { source: `s${id % 2}`, body, records: 1, inflatedBytes: undefined, recordBytes: Uint32Array.of(id) };
    buffer?.append(entry, signal).then(
      () => {
        if (this.#buffer !== buffer) return;
        this.#stored.add(id);
        this.#taken++;
      },
      () => undefined,
    );
  }

  async #rest(): Promise<void> {
    await this.disk.quiesce();
    await this.clock.advance(10_000);
    await this.disk.quiesce();
  }

  #checkAtRest(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    expect(this.#problems).toEqual([]);
    expect(buffer.held().records, 'taken = left + held').toBe(this.#taken - this.#left);
    expect(buffer.bytes).toBeLessThanOrEqual(Math.max(LIMIT_BYTES, this.#foundBytes));
    const oldestUndelivered = Math.min(...this.#requests.map(({ id }) => id));
    if (this.disk.capacityBytes !== Number.POSITIVE_INFINITY) return;
    for (const id of this.#delivered) if (id < oldestUndelivered) this.#settled.add(id);
  }

  async act(): Promise<void> {
    const action = this.#below(100);
    if (action < 40) this.#append();
    else if (action < 65) this.#requests[this.#below(this.#requests.length)]?.settle('accept');
    else if (action < 85) await this.disk.step(1 + this.#below(12));
    else if (action < 90) {
      await this.#rest();
      this.#checkAtRest();
    } else if (action < 93) this.#toggleFullDisk();
    else if (action < 96) await this.#crash();
    else if (action < 98) await this.#reload();
    else await this.clock.advance(this.#below(1_000));
  }

  #toggleFullDisk(): void {
    const full = this.disk.capacityBytes !== Number.POSITIVE_INFINITY;
    this.disk.capacityBytes = full ? Number.POSITIVE_INFINITY : this.disk.usedBytes + this.#below(600);
    this.log.push(full ? 'room' : 'disk full');
  }

  async #crash(): Promise<void> {
    const powerCut = this.#random() < 0.5;
    this.log.push(powerCut ? 'power cut' : 'kill');
    if (powerCut) this.disk.cutPower(this.#random);
    else this.disk.kill();
    this.disk.capacityBytes = Number.POSITIVE_INFINITY;
    await this.open();
  }

  /** The sink is exchanged; deliveries under way are given up or finished. */
  async #reload(): Promise<void> {
    this.log.push('reload');
    const stopping = this.#buffer?.stop(this.#random() < 0.5 ? AbortSignal.abort() : new AbortController().signal);
    for (const request of [...this.#requests]) request.settle('accept');
    await this.#rest();
    await stopping;
    this.#buffer?.start(this.#sink);
  }

  /** The sink takes everything again. */
  async finish(): Promise<void> {
    this.disk.capacityBytes = Number.POSITIVE_INFINITY;
    do {
      for (const request of [...this.#requests]) request.settle('accept');
      await this.#rest();
    } while (this.#requests.length > 0);
    this.#checkAtRest();
    expect(this.#buffer?.isEmpty).toBe(true);
    const missing = [...this.#stored].filter((id) => !this.#delivered.has(id));
    expect(missing.length, `lost: ${missing}`).toBeLessThanOrEqual(this.dropped);
    const closing = this.#buffer?.close(AbortSignal.abort());
    await this.disk.quiesce();
    await closing;
    expect(this.disk.files).toEqual([`${FOLDER}/position`]);
  }
}

describe('disk buffer, against a model', () => {
  test.each([
    'block',
    'drop_oldest',
  ] as const)('%s: whatever happens, what was taken arrives in order, once per crash at most, or is counted as dropped', async (whenFull) => {
    let dropped = 0;
    for (let seed = SEEDED.seed; seed < SEEDED.seed + 60; seed++) {
      const run = new Run(seed, whenFull);
      try {
        await run.open();
        for (let n = 0; n < 250; n++) await run.act();
        await run.finish();
      } catch (error) {
        throw new Error(`FC_SEED=${seed}: ${run.log.slice(-40).join(', ')}`, { cause: error });
      }
      if (whenFull === 'block') expect(run.dropped).toBe(0);
      dropped += run.dropped;
    }
    if (whenFull === 'drop_oldest') expect(dropped).toBeGreaterThan(0);
  }, 60_000);
});
