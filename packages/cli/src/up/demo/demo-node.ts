/** Three containers that write logs as on a node, so that there is something to see where no cluster is. */
import { join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { ContainerLog } from './container-log.ts';
import { invoiceWorker } from './invoice-worker.ts';
import { shopApi } from './shop-api.ts';
import { webServer } from './web-server.ts';
import type { DemoWorkload } from './workload.ts';

/** containerLogMonitorInterval. */
const ROTATION_CHECK_MS = 10_000;
/** After a write that failed (a full disk): long enough not to make it worse. */
const RETRY_MS = 5_000;

export interface DemoNodeDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Told of a container that cannot write its log; it tries again later. */
  readonly failed: (container: string, error: unknown) => void;
}

export class DemoNode {
  /** Shaped as /var/log on a node: `pods` and `containers` are below. */
  readonly root: string;
  readonly #deps: DemoNodeDeps;
  readonly #abort = new AbortController();
  #running: readonly Promise<void>[] = [];
  #closing: Promise<void> | undefined;

  /** @param root absolute: links lead to it */
  constructor(root: string, deps: DemoNodeDeps) {
    this.root = root;
    this.#deps = deps;
  }

  /** What the containers' logs are found by. */
  get glob(): string {
    return join(this.root, 'containers', '*.log');
  }

  /** Resolves once every container has its log file.
   *  @throws the file system's error when one cannot be made */
  async start(): Promise<void> {
    const { clock, random } = this.#deps;
    const workloads = [webServer(random), shopApi(random), invoiceWorker(random)];
    const started = await Promise.all(
      workloads.map(async (workload) => ({
        workload,
        log: await ContainerLog.start(this.root, workload.place, clock),
      })),
    );
    this.#running = started.map(({ workload, log }) => this.#run(workload, log));
  }

  /** Idempotent. The logs stay where they are. */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  async #run(workload: DemoWorkload, log: ContainerLog): Promise<void> {
    const { clock, failed } = this.#deps;
    const { signal } = this.#abort;
    let checkAtMs = clock.monotonicMs() + ROTATION_CHECK_MS;
    while (!signal.aborted) {
      const { lines, pauseMs } = workload.next(clock.nowMs());
      let waitMs = pauseMs;
      try {
        await log.write(lines);
        if (clock.monotonicMs() >= checkAtMs) {
          checkAtMs = clock.monotonicMs() + ROTATION_CHECK_MS;
          await log.rotateIfDue();
        }
      } catch (error) {
        failed(workload.place.container, error);
        waitMs = RETRY_MS;
      }
      await clock.sleep(waitMs, signal).catch((reason: unknown) => {
        if (!signal.aborted) throw reason;
      });
    }
    await log.close();
  }
}
