/** The streaming sidecar as a process component: its outputs, HTTP around them, reload, and its end. */
import type { Clock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { errorCode, VigieError } from '@vigie/core/errors';
import { type HealthCheck, type HealthSource, healthRoutes } from '@vigie/core/http-server/health-routes';
import type { HttpListener } from '@vigie/core/http-server/listener';
import type { Component, ExitCode } from '@vigie/core/lifecycle';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Exposition } from '@vigie/core/telemetry';
import { EndWatch } from './end-watch.ts';
import { Output } from './output.ts';
import type { OwnLines } from './own-lines.ts';
import type { StreamSettings } from './settings.ts';
import { type OutputName, StreamTarget } from './target.ts';
import { exposeStream } from './telemetry.ts';

export interface StreamDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly ownLines: OwnLines;
  readonly wasm: WebAssembly.Module | undefined;
  readonly version: string;
  /** Reads the settings again, for a reload. */
  readonly readSettings: () => Promise<StreamSettings>;
  /** By default descriptors 1 and 2; tests give others. */
  readonly descriptors?: Readonly<Record<OutputName, number>>;
}

/** A container runtime that is restarted takes a few seconds. */
const BLOCKED_AFTER_MS = 30_000;
const DESCRIPTORS: Readonly<Record<OutputName, number>> = { stdout: 1, stderr: 2 };
export class StreamService implements Component, HealthSource {
  readonly finished: Promise<ExitCode>;
  readonly reload: () => Promise<void>;
  readonly #deps: StreamDeps;
  readonly #log: Log;
  readonly #outputs = new Map<OutputName, Output>();
  readonly #targets = new Map<OutputName, StreamTarget>();
  readonly #reloads = { success: 0, failure: 0 };
  readonly #ending = new AbortController();
  /** Aborted with the fault that ends it. */
  readonly #broken = new AbortController();
  #settings: StreamSettings;
  #endWatch: EndWatch;
  #listener: HttpListener | undefined;
  #finish: ((code: ExitCode) => void) | undefined;
  #started = false;
  #reloading: Promise<void> = Promise.resolve();

  constructor(settings: StreamSettings, deps: StreamDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#log = limitRepeats(deps.log, deps.clock);
    this.#endWatch = new EndWatch(settings, deps.clock);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.reload = coalesce(() => {
      const reloading = this.#reload();
      this.#reloading = reloading.catch(() => undefined);
      return reloading;
    });
  }

  get targets(): readonly StreamTarget[] {
    return [...this.#targets.values()];
  }

  /** Where it listens, as HOST and port.
   *  @throws when it does not */
  get address(): HttpListener['address'] | undefined {
    return this.#listener?.address;
  }

  async start(): Promise<void> {
    await this.#startTargets();
    this.#watchForEnd();
    this.#started = true;
    await this.#listen();
  }

  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#endWatch.close();
    const overdue = AbortSignal.timeout(graceMs);
    const over = AbortSignal.any([overdue, this.#broken.signal]);
    // A reload that waits for the reader gives way.
    this.#ending.abort(new DOMException('the sidecar ends', 'AbortError'));
    await this.#reloading;
    if (this.#started) await Promise.all(this.targets.map((target) => this.#drain(target, graceMs / 2, over)));
    const leftBytes = this.targets.reduce((sum, { lagBytes }) => sum + lagBytes, 0);
    await Promise.all(this.targets.map((target) => target.close(over)));
    await this.#listener?.close({ graceMs: 0 });
    this.#broken.signal.throwIfAborted();
    if (overdue.aborted) {
      throw new VigieError(
        'NOT_DRAINED',
        `${leftBytes} bytes were not taken in the grace time; they are emitted after the next start`,
      );
    }
    await this.#deps.ownLines.flushed();
  }

  /** A defect is mended by a new process, if by anything. */
  live(): readonly HealthCheck[] {
    return this.targets.map(({ name, fault }) =>
      fault === undefined ? { name } : { name, problem: 'it was stopped by a defect' },
    );
  }

  ready(): readonly HealthCheck[] {
    if (!this.#started) return [{ name: 'sidecar', problem: 'it is starting' }];
    return this.targets.map(({ name, fault, output }) => {
      if (fault !== undefined) return { name, problem: 'it was stopped' };
      const { waitsMs } = output;
      if (waitsMs < BLOCKED_AFTER_MS) return { name };
      return { name, problem: `its reader has taken nothing for ${Math.round(waitsMs / 1000)} s` };
    });
  }

  metrics(): Promise<Exposition> {
    const { version, wasm, ownLines } = this.#deps;
    const build = { version, node: process.version, kernel: wasm === undefined ? 'typescript' : 'simd' };
    const { targets } = this;
    return Promise.resolve(exposeStream({ targets, reloads: this.#reloads, ownLinesDropped: ownLines.dropped, build }));
  }

  async #startTargets(): Promise<void> {
    const { files, stderr } = this.#settings;
    for (const [name, patterns] of [
      ['stdout', files],
      ['stderr', stderr],
    ] as const) {
      if (patterns.length === 0 || this.#targets.has(name)) continue;
      const target = this.#createTarget(name);
      this.#targets.set(name, target);
      await target.start();
    }
    this.#deps.ownLines.output = this.#targets.get('stderr')?.output;
  }

  #createTarget(name: OutputName): StreamTarget {
    const { clock, wasm, descriptors = DESCRIPTORS } = this.#deps;
    let output = this.#outputs.get(name);
    if (output === undefined) {
      output = new Output(name, descriptors[name], clock);
      this.#outputs.set(name, output);
    }
    const failed = (error: unknown): void => this.#failed(name, error);
    return new StreamTarget(name, this.#settings, { clock, log: this.#log, output, wasm, failed });
  }

  #failed(output: OutputName, error: unknown): void {
    if (this.#broken.signal.aborted) return;
    this.#broken.abort(error);
    if (errorCode(error) === 'OUTPUT_CLOSED') {
      this.#log.error('nobody reads the output any more; what was not taken is emitted after the next start', {
        output,
        error,
      });
    } else this.#log.error('stopped by an error', { output, error });
    this.#finish?.(1);
  }

  #watchForEnd(): void {
    this.#endWatch.start((sign) => {
      this.#log.info('the application has ended', { sign });
      this.#finish?.(0);
    });
  }

  async #drain(target: StreamTarget, quietWithinMs: number, over: AbortSignal): Promise<void> {
    try {
      await target.drain(quietWithinMs, over);
    } catch (error) {
      if (!over.aborted) throw error;
    }
  }

  async #listen(): Promise<void> {
    const { listen, listenIsDefault } = this.#settings;
    if (listen === undefined) return;
    const { HttpListener } = await import('@vigie/core/http-server/listener');
    const { clock, log, ownLines } = this.#deps;
    const print = (line: string): void => ownLines.write(`${line}\n`);
    const listener = new HttpListener({ name: 'http', ...listen }, healthRoutes(this, log), { clock, log, print });
    try {
      await listener.start();
      this.#listener = listener;
    } catch (error) {
      // Another sidecar of the pod has it: they share their addresses. Nobody asked for this one.
      if (!listenIsDefault || errorCode(error) !== 'LISTEN_FAILED') throw error;
      this.#log.warn('the default address is taken: no health and no metrics; --listen names another, or off', {
        error,
      });
    }
  }

  async #reload(): Promise<void> {
    try {
      const settings = await this.#deps.readSettings();
      // What drains is not to be begun again.
      this.#ending.signal.throwIfAborted();
      await this.#takeUp(settings);
      this.#reloads.success++;
    } catch (error) {
      this.#reloads.failure++;
      throw error;
    }
  }

  async #takeUp(asked: StreamSettings): Promise<void> {
    const { signal } = this.#ending;
    // Where the checkpoint is stays, also when it stands beside files that are others now.
    const { dataDir, maxOpenFiles } = this.#settings;
    const settings = { ...asked, dataDir, maxOpenFiles };
    this.#settings = settings;
    for (const [name, patterns] of [
      ['stdout', settings.files],
      ['stderr', settings.stderr],
    ] as const) {
      const target = this.#targets.get(name);
      if (target === undefined) continue;
      if (patterns.length > 0) await target.reconfigure(settings, signal);
      else {
        await target.close(signal);
        this.#targets.delete(name);
      }
    }
    await this.#startTargets();
    this.#endWatch.close();
    this.#endWatch = new EndWatch(settings, this.#deps.clock);
    if (!signal.aborted) this.#watchForEnd();
  }
}
