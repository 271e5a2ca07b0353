import { appendFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { type Clock, systemClock } from '@vigie/core/clock';
import type { CheckpointEntry } from '../../src/checkpoint/format.ts';
import { openCheckpoint } from '../../src/checkpoint/store.ts';
import { LaneLedger } from '../../src/delivery/ledger.ts';
import { documentShape, NO_OPENING, NO_POD_METADATA, type RecordFacts } from '../../src/encode/document.ts';
import { createKernel, type Kernel } from '../../src/kernel/kernel.ts';
import { Lane, type LaneOptions, type LaneReports } from '../../src/lane/lane.ts';
import { Catalog } from '../../src/tail/catalog.ts';
import type { ContainerLog, Generation } from '../../src/tail/generation.ts';
import { HEAD_BYTES } from '../../src/tail/head.ts';
import type { Transform } from '../../src/transforms/transform.ts';

/** A record as the sink got it, decoded. */
export interface Received {
  readonly '@timestamp': string;
  readonly message: string;
  readonly stream: string;
  readonly log: { readonly offset: number; readonly file: { readonly path: string }; readonly flags?: string[] };
}

interface BedOptions extends Partial<LaneOptions> {
  readonly inputBytes?: number;
  readonly slotBytes?: number;
}

/** A folder shaped like the kubelet's, one catalog and one lane over it, and what the lane delivered. */
export class LaneBed {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'vigie-lane-')));
  readonly received: Received[] = [];
  readonly lost: { log: string; bytes: number; reason: string }[] = [];
  readonly faults: unknown[] = [];
  catalog: Catalog | undefined;
  /** One that behaves as files rarely do. */
  catalogClass = Catalog;
  lane: Lane | undefined;
  /** The lane's. */
  kernel: Kernel | undefined;
  clock: Clock = systemClock;
  /** Bodies are asked for as zlib streams. */
  takesDeflate = false;
  /** A log's records are asked for one request at a time. */
  ordered = false;
  transforms: readonly Transform[] = [];
  /** While set, requests stay unanswered until it resolves. */
  gate: Promise<void> | undefined;
  #waiters: (() => void)[] = [];

  logPath(container = 'app', restart = 0, pod = 'web-0'): string {
    const path = join(
      this.root,
      'pods',
      `shop_${pod}_1b4e28ba-2fa1-11d2-883f-0016d3cca427`,
      container,
      `${restart}.log`,
    );
    mkdirSync(dirname(path), { recursive: true });
    return path;
  }

  append(path: string, ...messages: string[]): void {
    appendFileSync(path, messages.map((message) => cri(message)).join(''));
  }

  /** @param lines as `cri` makes them */
  appendRaw(path: string, ...lines: string[]): void {
    appendFileSync(path, lines.join(''));
  }

  async start({ inputBytes, slotBytes, ...options }: BedOptions = {}): Promise<Lane> {
    this.catalog = new this.catalogClass(
      {
        paths: [join(this.root, 'pods/*/*/*.log')],
        reconcileIntervalMs: 200,
        maxOpenFiles: 64,
        deletedBytesLimit: 1 << 20,
        accepts: () => true,
      },
      {
        clock: systemClock,
        reports: { error: (what, path, error) => this.faults.push({ what, path, error }), rotated: () => undefined },
      },
    );
    await this.catalog.start();
    const { store, read } = await openCheckpoint<Generation>(join(this.root, 'data/lane.ckpt'), {
      fs: fsPromises,
      clock: systemClock,
    });
    const entries: readonly CheckpointEntry[] | undefined = read.status === 'ok' ? read.entries : undefined;
    const laneOptions: LaneOptions = {
      source: 'pods',
      sink: 'memory',
      readBytes: 65_536,
      maxLineBytes: 32_768,
      once: false,
      format: 'detect',
      readFrom: 'beginning',
      ignoreOlderMs: undefined,
      batchBytes: 65_536,
      lingerMs: 5,
      partialTimeoutMs: 10_000,
      partialBudgetBytes: 1 << 20,
      checkpointIntervalMs: 20,
      ...options,
    };
    this.kernel = createKernel({
      inputBytes: inputBytes ?? Math.max(laneOptions.readBytes, HEAD_BYTES),
      maxRows: 4096,
      arenaBytes: 1 << 19,
      slots: 2,
      slotBytes: slotBytes ?? laneOptions.batchBytes + 6 * laneOptions.maxLineBytes + 4096,
    });
    this.lane = new Lane(laneOptions, {
      clock: this.clock,
      kernel: this.kernel,
      catalog: this.catalog,
      sink: {
        perUtcDay: false,
        takesDeflate: this.takesDeflate,
        ordered: this.ordered,
        shape: (facts: RecordFacts) => documentShape(facts, NO_OPENING, undefined),
        deliver: async (sent, _records, signal, inflatedBytes) => {
          const body = inflatedBytes === undefined ? sent : inflateSync(sent);
          if (body.length !== (inflatedBytes ?? body.length)) this.faults.push('wrong length of a zlib stream');
          const lines = Buffer.from(body).toString().trimEnd().split('\n');
          if (this.gate !== undefined) await Promise.race([this.gate, aborted(signal)]);
          this.received.push(...lines.map((line): Received => JSON.parse(line)));
          for (const waiter of this.#waiters.splice(0)) waiter();
          return { rejected: [] };
        },
      },
      transforms: this.transforms.map((transform) => ({ name: transform.type, transform })),
      store,
      entries,
      facts: (log: ContainerLog) => ({
        ...NO_POD_METADATA,
        namespace: log.pod?.namespace,
        podName: log.pod?.podName,
        podUid: log.pod?.podUid,
        containerName: log.pod?.containerName,
        restartCount: log.pod?.restartCount,
        containerId: undefined,
        nodeName: 'n1',
        labels: {},
        path: log.displayPath,
      }),
      ledger: new LaneLedger(),
      buckets: () => [],
      forget: () => undefined,
      reports: this.#reports,
    });
    await this.lane.start();
    return this.lane;
  }

  /** Stops as SIGTERM does. */
  async stop(): Promise<void> {
    await this.lane?.close(AbortSignal.timeout(5_000));
    await this.catalog?.close();
  }

  /** Stops as kill -9 does: nothing in flight is acknowledged, no checkpoint is written. */
  async kill(): Promise<void> {
    await this.lane?.close(AbortSignal.abort(new Error('killed')));
    await this.catalog?.close();
  }

  async until(condition: () => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(8_000);
    while (!condition()) {
      if (deadline.aborted) throw new Error(`not reached; received ${this.received.length}`);
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
        setTimeout(resolve, 10).unref();
      });
    }
  }

  get messages(): string[] {
    return this.received.map((record) => record.message);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  get #reports(): LaneReports {
    return {
      readError: (generation, error) => this.faults.push({ path: generation.path, error }),
      lost: (log, bytes, reason) => this.lost.push({ log, bytes, reason }),
      checkpoint: (outcome) => {
        if (outcome.status === 'failed') this.faults.push(outcome);
      },
      delivered: () => undefined,
      transformKept: () => undefined,
      fault: (error) => this.faults.push(error),
    };
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Holds back whoever waits for it until it is opened. */
export class Gate {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

/** A clock on which `times` as much time passes. */
export function hurried(clock: Clock, times: number): Clock {
  return {
    nowMs: () => clock.nowMs() * times,
    monotonicMs: () => clock.monotonicMs() * times,
    setTimer: (delayMs, fire) => clock.setTimer(delayMs / times, fire),
    sleep: (delayMs, signal) => clock.sleep(delayMs / times, signal),
  };
}

let clockNs = 0;

/** One CRI line; every call has its own timestamp. */
export function cri(message: string, stream = 'stdout', tag = 'F'): string {
  const ns = String(++clockNs).padStart(9, '0');
  return `2026-11-21T10:00:00.${ns}Z ${stream} ${tag} ${message}\n`;
}

export function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
}
