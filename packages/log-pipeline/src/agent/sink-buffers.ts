import * as fsPromises from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { DiskBuffer, type DiskBufferOptions } from '../buffer/disk-buffer.ts';
import type { BufferConfig } from '../buffer/section.ts';
import type { LaneLedger } from '../delivery/ledger.ts';
import type { LaneSink } from '../lane/requests.ts';
import type { RuntimeConfig } from './config.ts';
import type { SinkRuntime } from './sink-runtime.ts';

export interface SinkBuffersDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Of the lane from a source to a sink, if there is one. */
  readonly ledger: (source: string, sink: string) => LaneLedger | undefined;
  readonly delivered: (source: string, sink: string, durationMs: number) => void;
}

/** One sink's buffer, and what it counts. */
export class SinkBuffer {
  readonly sinkName: string;
  readonly folder: string;
  /** Disk bytes that were there and could not be used, by reason. */
  readonly damagedBytes = { torn: 0, corrupt: 0 };
  readonly #deps: SinkBuffersDeps;
  readonly #log: Log;
  #buffer: DiskBuffer | undefined;
  #sink: SinkRuntime | undefined;

  constructor(sinkName: string, folder: string, deps: SinkBuffersDeps) {
    this.sinkName = sinkName;
    this.folder = folder;
    this.#deps = deps;
    this.#log = limitRepeats(deps.log, deps.clock);
  }

  get disk(): DiskBuffer | undefined {
    return this.#buffer;
  }

  /** @throws {VigieError} BUFFER_VERSION; what the file system throws */
  async open(options: DiskBufferOptions): Promise<void> {
    const { clock, random, ledger, delivered } = this.#deps;
    const sink = this.sinkName;
    this.#buffer = await DiskBuffer.open(this.folder, options, {
      fs: fsPromises,
      clock,
      random,
      reports: {
        delivered: (source, held, rejected, sentBytes, durationMs) => {
          delivered(source, sink, durationMs);
          const counts = ledger(source, sink);
          if (counts === undefined) return;
          let bytes = held.bytes;
          for (const one of rejected) {
            counts.dropped(one.reason, one.bytes, 1);
            bytes -= one.bytes;
          }
          counts.unbuffered(held.bytes, held.records);
          counts.acked(bytes, held.records - rejected.length);
          counts.sentBytes += sentBytes;
        },
        dropped: (source, reason, held) => {
          const counts = ledger(source, sink);
          counts?.unbuffered(held.bytes, held.records);
          counts?.dropped(reason, held.bytes, held.records);
          this.#log.error('records were dropped from a disk buffer', { sink, source, reason, ...held });
        },
        damaged: (kind, file, bytes) => {
          this.damagedBytes[kind] += bytes;
          const fields = { sink, file, bytes };
          if (kind === 'corrupt') this.#log.error('a disk buffer has bytes that are not what was written', fields);
          else this.#log.warn('what was being written when the agent was killed is left out', fields);
        },
        failed: (operation, error) => this.#log.warn('a disk buffer meets an error', { sink, operation, error }),
        trouble: (trouble) => {
          const health = this.#sink?.health;
          if (trouble === undefined) health?.passed(this);
          else {
            const { code: reason, detail } = trouble;
            health?.troubled(this, { kind: 'buffer', reason, detail, sinceMs: clock.monotonicMs() });
          }
        },
        fault: (error) => {
          this.#log.error('a defect keeps an entry in the disk buffer', { sink, error });
          const detail = 'a defect keeps an entry in it';
          this.#sink?.health.troubled(this, { kind: 'buffer', reason: 'defect', detail, sinceMs: clock.monotonicMs() });
        },
      },
    });
  }

  /** Sends what is in it, and what comes, to `sink`. */
  start(sink: SinkRuntime, maxInFlight: number): void {
    this.#sink = sink;
    this.#buffer?.start({
      takesDeflate: sink.sink.takesDeflate,
      maxInFlight: sink.sink.ordered === true ? 1 : maxInFlight,
      deliver: (body, records, signal, inflatedBytes) => sink.deliver(body, records, signal, inflatedBytes),
    });
  }

  /** As DiskBuffer.stop. A sink that takes nothing now is not waited for: what is under way stays in the buffer. */
  stop(signal: AbortSignal): Promise<void> | undefined {
    return this.#buffer?.stop(this.#orAtOnce(signal));
  }

  /** As DiskBuffer.close. */
  close(signal: AbortSignal): Promise<void> | undefined {
    return this.#buffer?.close(this.#orAtOnce(signal));
  }

  #orAtOnce(signal: AbortSignal): AbortSignal {
    return this.#sink?.health.trouble === undefined ? signal : AbortSignal.abort();
  }

  /** The sink as a lane sees it: with the disk in between. */
  before(sink: LaneSink, source: string): LaneSink {
    return {
      ...sink,
      deliver: async (body, records, signal, inflatedBytes, recordBytes) => {
        await this.#buffer?.append({ source, body, records, inflatedBytes, recordBytes }, signal);
        return { rejected: [], buffered: true };
      },
    };
  }
}

/** The buffers of the sinks that have one. They outlive the sinks: a reload exchanges those, and what is stored stays. */
export class SinkBuffers {
  readonly #deps: SinkBuffersDeps;
  #running = new Map<string, SinkBuffer>();

  constructor(deps: SinkBuffersDeps) {
    this.#deps = deps;
  }

  get all(): Iterable<SinkBuffer> {
    return this.#running.values();
  }

  get areEmpty(): boolean {
    return [...this.#running.values()].every(({ disk }) => disk?.isEmpty !== false);
  }

  of(sink: string): SinkBuffer | undefined {
    return this.#running.get(sink);
  }

  /** Opens what the configuration needs, beside what runs.
   *  @returns puts it in place of what runs, once the lanes have ended
   *  @throws {VigieError} BUFFER_IN_USE, BUFFER_OTHER_SINK, BUFFER_VERSION; what the file system throws. Nothing has
   *  changed then */
  async prepare(
    config: RuntimeConfig,
    sinks: ReadonlyMap<string, SinkRuntime>,
  ): Promise<(signal: AbortSignal) => Promise<void>> {
    const next = new Map<string, { readonly buffer: SinkBuffer; readonly options: DiskBufferOptions }>();
    const opened: SinkBuffer[] = [];
    try {
      for (const [name, { buffer: section }] of Object.entries(config.sinks)) {
        const sink = sinks.get(name);
        if (section === undefined || sink === undefined) continue;
        const folder = resolve(section.path ?? join(config.data_dir, 'buffers', name));
        const options = optionsOf(section, sink.bodyKind);
        let buffer = this.#running.get(name);
        if (buffer?.folder !== folder) {
          this.#refuseInUse(name, folder);
          buffer = new SinkBuffer(name, folder, this.#deps);
          await buffer.open(options);
          opened.push(buffer);
        }
        refuseOtherKind(buffer, sink.bodyKind);
        next.set(name, { buffer, options });
      }
    } catch (error) {
      for (const buffer of opened) await buffer.close(AbortSignal.abort());
      throw error;
    }
    return async (signal) => {
      for (const buffer of opened) this.#restore(buffer);
      const before = this.#running;
      this.#running = new Map(Array.from(next, ([name, { buffer }]) => [name, buffer]));
      for (const [name, buffer] of before) {
        const kept = next.get(name);
        if (kept?.buffer === buffer) {
          await buffer.stop(signal);
          buffer.disk?.reconfigure(kept.options);
        } else await this.#leave(buffer, signal);
      }
    };
  }

  /** Begins to send what is in them. */
  start(config: RuntimeConfig, sinks: ReadonlyMap<string, SinkRuntime>): void {
    for (const [name, buffer] of this.#running) {
      const sink = sinks.get(name);
      if (sink !== undefined) buffer.start(sink, config.sinks[name]?.max_in_flight ?? 1);
    }
  }

  async close(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#running.values()].map((buffer) => buffer.close(signal)));
  }

  /** What was left in the folder is in flight again, for lanes that have counted before. */
  #restore({ sinkName: sink, disk }: SinkBuffer): void {
    for (const [source, held] of disk?.held().sources ?? []) {
      this.#deps.ledger(source, sink)?.restored(held.bytes, held.records);
    }
  }

  /** A folder that nobody wants any more is closed as it is: what is in it may be wanted later. */
  async #leave(buffer: SinkBuffer, signal: AbortSignal): Promise<void> {
    const { sinkName: sink, folder, disk } = buffer;
    try {
      await buffer.close(signal);
    } catch (error) {
      // What is in it is on the disk all the same.
      this.#deps.log.warn('a disk buffer was not closed cleanly', { sink, folder, error });
    }
    for (const [source, held] of disk?.held().sources ?? []) {
      this.#deps.ledger(source, sink)?.leftBehind(held.bytes, held.records);
      const fields = { sink, source, folder, ...held };
      this.#deps.log.error('a disk buffer is not configured any more; its records stay unsent on the disk', fields);
    }
  }

  #refuseInUse(sink: string, folder: string): void {
    for (const [other, buffer] of this.#running) {
      if (buffer.folder !== folder) continue;
      throw new VigieError(
        'BUFFER_IN_USE',
        `the buffer of sink ${sink} cannot be at ${folder}: sink ${other} uses it until the agent is restarted`,
      );
    }
  }
}

function refuseOtherKind({ sinkName, folder, disk }: SinkBuffer, bodyKind: string): void {
  const others = [...(disk?.bodyKinds ?? [])].filter((kind) => kind !== bodyKind);
  if (others.length === 0) return;
  throw new VigieError(
    'BUFFER_OTHER_SINK',
    `the buffer of sink ${sinkName} at ${folder} has records encoded as "${others.join('", "')}", the sink now takes ` +
      `"${bodyKind}"; let it drain with the configuration it was written with, or give the buffer another path`,
  );
}

function optionsOf({ max_size: maxBytes, when_full: whenFull }: BufferConfig, bodyKind: string): DiskBufferOptions {
  return { maxBytes, whenFull, bodyKind };
}
