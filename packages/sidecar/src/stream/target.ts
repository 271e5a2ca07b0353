/** The files of one output: found, followed and emitted by one lane, whose checkpoint says how far it came. */
import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { bug, errorCode, VigieError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { untilAborted } from '@vigie/core/until-aborted';
import { openCheckpoint } from '@vigie/log-pipeline/checkpoint/store';
import { LaneLedger } from '@vigie/log-pipeline/delivery/ledger';
import { MAX_SHAPE_BYTES } from '@vigie/log-pipeline/encode/json-lines';
import { createKernel, type Kernel, recordBound } from '@vigie/log-pipeline/kernel/kernel';
import { Lane } from '@vigie/log-pipeline/lane/lane';
import type { CheckpointKey } from '@vigie/log-pipeline/lane/lane-checkpoint';
import { Catalog, type CatalogOptions } from '@vigie/log-pipeline/tail/catalog';
import type { ContainerLog, Generation } from '@vigie/log-pipeline/tail/generation';
import { HEAD_BYTES } from '@vigie/log-pipeline/tail/head';
import { untilQuiet } from '@vigie/log-pipeline/tail/quiet';
import type { ContainerFacts } from '@vigie/log-pipeline/transforms/transform';
import picomatch from 'picomatch';
import { lineShape } from './line-shape.ts';
import type { Output } from './output.ts';
import { parseStamped } from './rotate/rotated-name.ts';
import type { RotationRules } from './rotate/rotation.ts';
import type { RotationCounts, Rotator } from './rotate/rotator.ts';
import type { StreamSettings } from './settings.ts';

export type OutputName = 'stdout' | 'stderr';
export type FileOperation = 'list' | 'stat' | 'gzip' | 'watch' | 'read' | 'rotate';

export interface TargetDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly output: Output;
  /** Compiled kernel; undefined runs the TypeScript twin. */
  readonly wasm: WebAssembly.Module | undefined;
  /** Nothing is emitted any more: a defect, or nobody reads. */
  readonly failed: (error: unknown) => void;
}

/** Four times what a pipe holds: larger batches cost memory and gain nothing that shows (docs/decisions/0017). */
const BATCH_BYTES = 256 * 1024;
/** One is read and framed while the other waits for the reader. */
const BATCHES = 2;
/** Lines of 30 bytes fill a batch; shorter ones take several. */
const MAX_ROWS = 8_192;
/** Of messages in parts, which plain files do not have. */
const ARENA_BYTES = 64 * 1024;
/** Before a cut line in the input: nothing but the line itself, in whole pages. */
const INPUT_MARGIN_BYTES = 64 * 1024;
/** How often the end of a drain is looked for. */
const EMPTY_LOOK_MS = 5;
/** The longest RFC 3339 time. */
const TIME_BYTES = 64;

export class StreamTarget {
  readonly name: OutputName;
  readonly output: Output;
  readonly ledger = new LaneLedger();
  readonly catalog: Catalog;
  readonly errors = new Map<FileOperation, number>();
  readonly checkpointWrites = { written: 0, failed: 0 };
  rotations = 0;
  /** Why nothing is emitted any more. */
  fault: unknown;
  #settings: StreamSettings;
  #kernel: Kernel | undefined;
  #lane: Lane | undefined;
  #rotator: Rotator | undefined;
  /** Aborted when nobody waits any more for what is in flight. */
  readonly #abandoned = new AbortController();
  readonly #deps: TargetDeps;

  constructor(name: OutputName, settings: StreamSettings, deps: TargetDeps) {
    this.name = name;
    this.output = deps.output;
    this.#settings = settings;
    this.#deps = deps;
    this.catalog = new Catalog(catalogOptions(name, settings), {
      clock: deps.clock,
      reports: {
        error: (operation, path, error) => this.#failedOn(operation, path, error),
        rotated: () => {
          this.rotations++;
        },
      },
    });
  }

  /** Bytes that are there and that nobody has taken yet. */
  get lagBytes(): number {
    let bytes = 0;
    for (const cursor of this.#lane?.cursors ?? []) bytes += cursor.lagBytes();
    return bytes;
  }

  /** What its rotator has done; undefined where it has none. */
  get rotation(): RotationCounts | undefined {
    return this.#rotator?.counts;
  }

  /** @throws {VigieError} DATA_DIR_UNUSABLE */
  async start(): Promise<void> {
    await this.#makeRotator();
    await this.catalog.start();
    this.#lane = await this.#openLane(false);
    this.#rotator?.start();
  }

  /** Takes other settings over; open files stay open, and what is in flight arrives first.
   *  @param signal ends the wait for it
   *  @throws its reason; nothing is emitted then before `drain` */
  async reconfigure(settings: StreamSettings, signal: AbortSignal): Promise<void> {
    await this.#rotator?.pause();
    // What is in flight arrives all the same: it is not to be read again by who comes then.
    await untilAborted(this.#closeLane(undefined), signal);
    signal.throwIfAborted();
    if (settings.maxLineBytes !== this.#settings.maxLineBytes) this.#kernel = undefined;
    this.#settings = settings;
    await this.#makeRotator();
    await this.catalog.reconfigure(catalogOptions(this.name, settings));
    this.#lane = await this.#openLane(false);
    this.#rotator?.start();
  }

  /** Emits everything up to the ends of the files, once nobody has written for `drainQuietMs`. A last line without a
   *  newline gets one. An application that goes on writing is not waited for for ever: what it has written until then is
   *  emitted, and the rest left to the next start.
   *  @param quietWithinMs how long to wait for it at most
   *  @throws the signal's reason */
  async drain(quietWithinMs: number, signal: AbortSignal): Promise<void> {
    await this.#rotator?.pause();
    const { drainQuietMs } = this.#settings;
    const isQuiet = await untilQuiet(
      [this.catalog],
      () => 0,
      { forMs: drainQuietMs, withinMs: quietWithinMs },
      this.#deps.clock,
      signal,
    );
    await this.#closeLane(signal);
    signal.throwIfAborted();
    if (!isQuiet) return;
    this.#lane = await this.#openLane(true);
    while (!this.#lane.isIdle) await this.#deps.clock.sleep(EMPTY_LOOK_MS, signal);
  }

  /** @param signal ends the wait for what is in flight */
  async close(signal: AbortSignal): Promise<void> {
    await this.#rotator?.pause();
    await this.#closeLane(signal);
    await this.catalog.close();
  }

  /** Where files are to be rotated; one that is there goes on by the new rules. */
  async #makeRotator(): Promise<void> {
    const { clock, log } = this.#deps;
    const rules = rotationRules(this.#settings);
    if (rules === undefined) {
      this.#rotator = undefined;
      return;
    }
    if (this.#rotator !== undefined) {
      this.#rotator.reconfigure(rules);
      return;
    }
    const { openRotator } = await import('./rotate/open-rotator.ts');
    this.#rotator = await openRotator(rules, patternsOf(this.name, this.#settings), {
      clock,
      log,
      accepts: acceptsPath(this.name, this.#settings),
      failed: (path, error) => this.#failedOn('rotate', path, error),
      logs: {
        all: () => this.catalog.logs.values(),
        isStreamed: (generation: Generation) => this.#lane?.finished(generation) === true,
        flushCheckpoint: async () => (await this.#lane?.flushCheckpoint()) ?? { status: 'unchanged' },
        look: ({ folder }: ContainerLog) => this.catalog.scanFolder(folder),
        giveUp: (generation: Generation) => this.catalog.giveUp(generation),
      },
    });
  }

  /** @param signal gives up what is in flight; whoever gives none waits for it, or for another to give it up */
  async #closeLane(signal: AbortSignal | undefined): Promise<void> {
    const abandon = (): void => this.#abandoned.abort(signal?.reason);
    if (signal?.aborted === true) abandon();
    signal?.addEventListener('abort', abandon, { once: true });
    await this.#lane?.close(this.#abandoned.signal);
    signal?.removeEventListener('abort', abandon);
    // What was given up is read, and counted, by whoever comes next.
    this.ledger.handOver();
    // And may still be on its way out: its memory is not to be written to.
    if (this.#abandoned.signal.aborted) this.#kernel = undefined;
  }

  /** @param once the files are read to their ends, and nothing more will come */
  async #openLane(once: boolean): Promise<Lane> {
    const { clock, log, wasm, failed } = this.#deps;
    const { maxLineBytes, readFrom, checkpointIntervalMs, dataDir } = this.#settings;
    const { store, entries } = await this.#openCheckpoint(dataDir);
    this.#kernel ??= createKernel({
      // A first line that is cut must be known by the same bytes in every run.
      inputBytes: Math.max(maxLineBytes + INPUT_MARGIN_BYTES, HEAD_BYTES),
      maxRows: MAX_ROWS,
      arenaBytes: ARENA_BYTES,
      slots: BATCHES,
      // A line begins below BATCH_BYTES, and the longest has room behind.
      slotBytes: BATCH_BYTES + MAX_SHAPE_BYTES + recordBound(maxLineBytes, 0, TIME_BYTES),
      wasm,
    });
    const lane = new Lane(
      {
        source: 'files',
        sink: this.name,
        format: 'plain',
        once,
        readBytes: BATCH_BYTES,
        maxLineBytes,
        readFrom,
        ignoreOlderMs: undefined,
        batchBytes: BATCH_BYTES,
        // What was read leaves at once: a pipe takes small writes as well as large ones.
        lingerMs: 0,
        // Only runtimes write lines in parts.
        partialTimeoutMs: 0,
        partialBudgetBytes: 0,
        checkpointIntervalMs,
      },
      {
        clock,
        kernel: this.#kernel,
        catalog: this.catalog,
        sink: this.#sink(),
        transforms: [],
        store,
        entries,
        ledger: this.ledger,
        facts: factsOf,
        buckets: () => [],
        forget: () => undefined,
        reports: {
          delivered: () => undefined,
          transformKept: () => undefined,
          fault: (error) => {
            this.fault ??= error;
            failed(error);
          },
          readError: (generation, error) => this.#failedOn('read', generation.path ?? 'unlinked', error),
          lost: (path, bytes, reason) =>
            log.error('bytes vanished before they could be read', { path, bytes, reason, output: this.name }),
          checkpoint: (outcome) => {
            if (outcome.status === 'unchanged') return;
            this.checkpointWrites[outcome.status]++;
            if (outcome.status !== 'failed') return;
            log.error('the checkpoint cannot be written; after a crash more lines would be emitted again', {
              path: store.path,
              code: outcome.code,
              error: outcome.error,
            });
          },
        },
      },
    );
    await lane.start();
    return lane;
  }

  #sink(): ConstructorParameters<typeof Lane>[1]['sink'] {
    const { prefix } = this.#settings;
    const { output } = this;
    return {
      perUtcDay: false,
      takesDeflate: false,
      shape: ({ path }) => {
        if (path === undefined) throw bug('a line of no file');
        return lineShape(prefix, path);
      },
      deliver: async (body, _records, signal) => {
        // What was begun goes on, but counts as not taken.
        await untilAborted(output.write(body), signal);
        return { rejected: [] };
      },
    };
  }

  async #openCheckpoint(dataDir: string) {
    const { clock, log } = this.#deps;
    const path = join(dataDir, `${this.name}.checkpoint`);
    try {
      const { store, read } = await openCheckpoint<CheckpointKey>(path, { fs: fsPromises, clock });
      if (read.status === 'corrupt') {
        const { reason, setAsideAs } = read;
        log.error('the checkpoint was damaged and set aside; lines are emitted as for new files', {
          path,
          reason,
          setAsideAs,
        });
      }
      return { store, entries: read.status === 'ok' ? read.entries : undefined };
    } catch (cause) {
      if (errorCode(cause) === undefined) throw cause;
      throw new VigieError(
        'DATA_DIR_UNUSABLE',
        `cannot keep the checkpoint in ${dataDir}; data-dir names another folder`,
        {
          cause,
        },
      );
    }
  }

  #failedOn(operation: FileOperation, path: string, error: unknown): void {
    this.errors.set(operation, (this.errors.get(operation) ?? 0) + 1);
    this.#deps.log.warn('cannot use a file or its folder', { operation, path, error });
  }
}

function patternsOf(name: OutputName, { files, stderr }: StreamSettings): readonly string[] {
  return name === 'stdout' ? files : stderr;
}

/** Of files that a pattern matches, which are this output's. */
function acceptsPath(name: OutputName, { stderr, exclude, dataDir }: StreamSettings): (path: string) => boolean {
  const others = name === 'stdout' ? [...exclude, ...stderr] : exclude;
  const isOther = others.length === 0 ? () => false : picomatch([...others], { dot: true });
  return (path) => !path.startsWith(`${dataDir}/`) && !isOther(path);
}

function catalogOptions(name: OutputName, settings: StreamSettings): CatalogOptions {
  const { reconcileIntervalMs, maxOpenFiles, deletedBytesLimit, rotateBytes } = settings;
  const accepts = acceptsPath(name, settings);
  return {
    paths: patternsOf(name, settings),
    reconcileIntervalMs,
    maxOpenFiles,
    deletedBytesLimit,
    accepts: ({ key, displayPath }) =>
      accepts(key) &&
      accepts(displayPath) &&
      // One whose writer has not made the next one yet is no log of its own, whatever pattern matches both.
      (rotateBytes === undefined || parseStamped(key) === undefined),
  };
}

function rotationRules(settings: StreamSettings): RotationRules | undefined {
  const { rotateBytes, keep, rotateMode, rotateSignal, rotateSignalTo, deletedBytesLimit } = settings;
  if (rotateBytes === undefined) return undefined;
  return {
    sizeBytes: rotateBytes,
    keep,
    mode: rotateMode,
    signal: rotateSignal,
    signalTo: rotateSignalTo,
    unstreamedBytesLimit: deletedBytesLimit,
  };
}

/** Of a file in a volume nothing is known but its path. */
function factsOf(log: ContainerLog): ContainerFacts {
  return {
    namespace: undefined,
    podName: undefined,
    podUid: undefined,
    containerName: undefined,
    restartCount: undefined,
    containerId: undefined,
    nodeName: undefined,
    podIp: undefined,
    containerImage: undefined,
    owner: undefined,
    controller: undefined,
    labels: {},
    namespaceLabels: {},
    annotations: {},
    clusterName: undefined,
    metadataIncomplete: false,
    path: log.displayPath,
  };
}
