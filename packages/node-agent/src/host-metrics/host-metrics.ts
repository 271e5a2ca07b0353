/** The metrics of the machine, by node_exporter's names: read when somebody scrapes, and at no other time. */
import { describeError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { formatHeader, formatLabels, formatSample } from '@vigie/log-pipeline/sinks/log-to-metric/exposition';
import type { CollectorName } from './collector-names.ts';
import { type Collect, createCollectors } from './collectors.ts';
import { withinTime } from './deadline.ts';
import { type Family, gauge, type Sample } from './family.ts';
import { Host, type HostDeps } from './host.ts';
import type { HostMetricsConfig } from './host-metrics-config.ts';
import type { CollectorFailure, HostMetricsCounters } from './host-metrics-counters.ts';

export interface HostMetricsDeps extends HostDeps {
  readonly log: Log;
  readonly counters: HostMetricsCounters;
}

interface Run {
  readonly name: CollectorName;
  readonly families: readonly Family[];
  readonly isSuccess: boolean;
  readonly durationSeconds: number;
}

export class HostMetrics {
  readonly #host: Host;
  readonly #timeoutMs: number;
  readonly #deps: HostMetricsDeps;
  readonly #collectors: ReadonlyMap<CollectorName, Collect>;
  /** Collectors that have not come back since an earlier scrape. */
  readonly #hanging = new Set<CollectorName>();
  #scrape: Promise<string> | undefined;

  constructor(config: HostMetricsConfig, deps: HostMetricsDeps) {
    const { procfs, sysfs, rootfs, udev, timeout } = config;
    this.#host = new Host({ procfs, sysfs, rootfs, udev }, deps);
    this.#timeoutMs = timeout;
    this.#deps = deps;
    this.#collectors = createCollectors(config);
  }

  /** A page in the text format 0.0.4. Who asks while it is made gets the same. It is there within the time of one collector,
   *  whatever hangs.
   *  Cost: some 200 small files of /proc and /sys, 10 to 30 ms of a core; more with many network devices. */
  expose(): Promise<string> {
    this.#scrape ??= this.#expose().finally(() => {
      this.#scrape = undefined;
    });
    return this.#scrape;
  }

  async #expose(): Promise<string> {
    this.#deps.counters.scrapes++;
    const runs = await Promise.all(Array.from(this.#collectors, ([name, collect]) => this.#run(name, collect)));
    const families = runs.flatMap((run) => run.families);
    return formatFamilies([...families, ...scrapeFamilies(runs)]);
  }

  async #run(name: CollectorName, collect: Collect): Promise<Run> {
    const { clock } = this.#deps;
    const startedAtMs = clock.monotonicMs();
    const families = await this.#collect(name, collect);
    const durationSeconds = (clock.monotonicMs() - startedAtMs) / 1000;
    return { name, families: families ?? [], isSuccess: families !== undefined, durationSeconds };
  }

  /** @returns undefined without success */
  async #collect(name: CollectorName, collect: Collect): Promise<readonly Family[] | undefined> {
    if (this.#hanging.has(name)) {
      this.#failed(name, 'hanging');
      return undefined;
    }
    const pending = collect(this.#host);
    try {
      const families = await withinTime(pending, this.#timeoutMs, this.#deps.clock);
      if (families !== 'late') return families;
    } catch (error) {
      this.#failed(name, 'error', describeError(error));
      return undefined;
    }
    this.#hanging.add(name);
    const returned = (): boolean => this.#hanging.delete(name);
    pending.then(returned, returned);
    this.#failed(name, 'timeout');
    return undefined;
  }

  #failed(collector: CollectorName, reason: CollectorFailure, detail?: string): void {
    const isFirst = this.#deps.counters.fail(collector, reason);
    // What does not work on this host does not work every 15 seconds.
    if (isFirst) this.#deps.log.warn('metrics of the host are missing', { collector, reason, detail });
  }
}

function scrapeFamilies(runs: readonly Run[]): readonly Family[] {
  const each = (measure: (run: Run) => number): Sample[] =>
    runs.map((run) => ({ labels: [['collector', run.name]], value: measure(run) }));
  return [
    gauge(
      'node_scrape_collector_duration_seconds',
      'node_exporter: Duration of a collector scrape.',
      each(({ durationSeconds }) => durationSeconds),
    ),
    gauge(
      'node_scrape_collector_success',
      'node_exporter: Whether a collector succeeded.',
      each(({ isSuccess }) => (isSuccess ? 1 : 0)),
    ),
  ];
}

/** Families without samples are left out. */
export function formatFamilies(families: readonly Family[]): string {
  let page = '';
  for (const { name, type, help, samples } of families) {
    if (samples.length === 0) continue;
    page += formatHeader(name, type, help);
    for (const { labels, value } of samples) page += formatSample(name, formatLabels(labels), value);
  }
  return page;
}
