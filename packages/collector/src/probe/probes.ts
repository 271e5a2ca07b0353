/** The probes of a collector: its modules, and who may probe at a time. Source: blackbox_exporter, prober/handler.go. */
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import { quoteGo } from '@vigie/core/go-quote';
import { onAbort } from '@vigie/core/on-abort';
import { createProber } from './create-prober.ts';
import { ProbeError, type ProbeRefusal } from './probe-error.ts';
import { ProbeLog } from './probe-log.ts';
import type { ProbeModule } from './probe-module.ts';
import { ProbeSamples } from './probe-samples.ts';
import { type Prober, type ProberDeps, stopwatch } from './prober.ts';

export interface ProbeOptions {
  /** By name. */
  readonly modules: ReadonlyMap<string, ProbeModule>;
  /** At a time. */
  readonly maxConcurrent: number;
  /** What a probe is done before its scrape has to be. */
  readonly timeoutOffsetMs: number;
}

export interface ProbeRequest {
  readonly target: string;
  /** '': http_2xx, as blackbox_exporter has it. */
  readonly module: string;
  /** In the Host header of an HTTP probe, and the name that the certificate of a TCP probe is of; '': what the module or the target says. */
  readonly hostname: string;
  /** As long as the scrape may take; undefined: nobody said. */
  readonly scrapeTimeoutMs: number | undefined;
}

export interface ProbeResult {
  readonly isSuccess: boolean;
  /** In the text format. */
  readonly text: string;
  /** What happened, line by line. */
  readonly log: string;
  readonly module: ProbeModule;
}

export interface ProbesDeps extends ProberDeps {
  readonly observe: (prober: ProbeModule['prober'], seconds: number) => void;
}

const DEFAULT_MODULE = 'http_2xx';
/** Where nobody says how long a scrape may take. blackbox_exporter's own. */
const DEFAULT_SCRAPE_TIMEOUT_MS = 120_000;

export class Probes {
  /** By prober and result. */
  readonly counts = new Map<ProbeModule['prober'], { succeeded: number; failed: number }>();
  readonly refusals = new Map<ProbeRefusal, number>();
  inFlight = 0;
  readonly #deps: ProbesDeps;
  #options: ProbeOptions | undefined;
  /** Made when a module is first asked for: clients and certificates are read then. */
  #probers = new Map<string, Prober>();

  /** @param options undefined: there are none */
  constructor(options: ProbeOptions | undefined, deps: ProbesDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get moduleCount(): number {
    return this.#options?.modules.size ?? 0;
  }

  /** Probes under way end as they began. */
  apply(options: ProbeOptions | undefined): void {
    this.#options = options;
    this.#probers = new Map();
  }

  /** @throws {ProbeError} where it is not done; the signal's reason */
  async probe(request: ProbeRequest, signal: AbortSignal): Promise<ProbeResult> {
    signal.throwIfAborted();
    try {
      return await this.#probe(request, signal);
    } catch (error) {
      if (error instanceof ProbeError) this.refusals.set(error.refusal, (this.refusals.get(error.refusal) ?? 0) + 1);
      throw error;
    }
  }

  async #probe(request: ProbeRequest, signal: AbortSignal): Promise<ProbeResult> {
    const options = this.#options;
    if (options === undefined)
      throw new ProbeError('no_modules', 'there are no probes: collector.yaml has no section probes');
    const name = request.module || DEFAULT_MODULE;
    const configured = options.modules.get(name);
    if (configured === undefined) throw new ProbeError('unknown_module', `Unknown module ${quoteGo(name)}`);
    if (request.target === '') throw new ProbeError('no_target', 'Target parameter is missing');
    const module = withHostname(configured, request.hostname);
    const prober = module === configured ? this.#proberOf(name, module) : createProber(module, this.#deps);
    if (prober === undefined)
      throw new ProbeError(
        'icmp',
        'the prober icmp needs raw sockets, which Node.js does not have: probe by tcp or http',
      );
    if (this.inFlight >= options.maxConcurrent)
      throw new ProbeError('busy', `${this.inFlight} probes are under way, as many as probes.max_concurrent allows`);
    this.inFlight++;
    try {
      return await this.#run(prober, module, request, timeoutOf(request, module, options), signal);
    } finally {
      this.inFlight--;
    }
  }

  async #run(
    prober: Prober,
    module: ProbeModule,
    { target }: ProbeRequest,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ProbeResult> {
    const { clock, observe } = this.#deps;
    const samples = new ProbeSamples();
    const log = new ProbeLog(clock);
    samples.begin('success', 'duration');
    const elapsed = stopwatch(clock);
    log.info('Beginning probe', { target, probe: module.prober, timeout_seconds: timeoutMs / 1000 });
    const isSuccess = await withTimeout(clock, timeoutMs, signal, async (ending) => {
      try {
        return await prober(target, { samples, log, signal: ending });
      } catch (error) {
        log.error('Probe could not be done', { err: describeError(error) });
        return false;
      }
    });
    signal.throwIfAborted();
    const seconds = elapsed();
    samples.set('duration', seconds);
    samples.set('success', isSuccess ? 1 : 0);
    log.info(isSuccess ? 'Probe succeeded' : 'Probe failed', { duration_seconds: seconds });
    const counts = this.counts.get(module.prober) ?? { succeeded: 0, failed: 0 };
    this.counts.set(module.prober, counts);
    if (isSuccess) counts.succeeded++;
    else counts.failed++;
    observe(module.prober, seconds);
    return { isSuccess, text: samples.text(), log: log.text(), module };
  }

  #proberOf(name: string, module: ProbeModule): Prober | undefined {
    const known = this.#probers.get(name);
    if (known !== undefined) return known;
    const prober = createProber(module, this.#deps);
    if (prober !== undefined) this.#probers.set(name, prober);
    return prober;
  }
}

/** @throws {ProbeError} where the module says otherwise */
function withHostname(module: ProbeModule, hostname: string): ProbeModule {
  if (hostname === '') return module;
  if (module.prober === 'tcp') {
    const { tcp } = module;
    // Whose certificate it is to be, where the module does not say.
    return tcp.tls.serverName === undefined
      ? { ...module, tcp: { ...tcp, tls: { ...tcp.tls, serverName: hostname } } }
      : module;
  }
  if (module.prober !== 'http') return module;
  const { headers } = module.http;
  const [, written] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'host') ?? [];
  if (written !== undefined && written !== hostname) {
    throw new ProbeError(
      'host_header',
      `host header defined both in module configuration (${written}) and with URL-parameter 'hostname' (${hostname})`,
    );
  }
  return { ...module, http: { ...module.http, headers: { ...headers, host: hostname } } };
}

function timeoutOf({ scrapeTimeoutMs }: ProbeRequest, module: ProbeModule, { timeoutOffsetMs }: ProbeOptions): number {
  const ofModuleMs = module.timeoutMs ?? 0;
  const longestMs = (scrapeTimeoutMs || DEFAULT_SCRAPE_TIMEOUT_MS) - timeoutOffsetMs;
  return (ofModuleMs > 0 && ofModuleMs < longestMs) || longestMs < 0 ? ofModuleMs : longestMs;
}

/** Its signal is aborted when the time is up, and when the other is. */
async function withTimeout<T>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
  work: (ending: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const leave = onAbort(signal, () => ending.abort(signal.reason));
  const timer = clock.setTimer(timeoutMs, () => ending.abort(new Error('context deadline exceeded')));
  try {
    return await work(ending.signal);
  } finally {
    timer.cancel();
    leave();
    // What a prober has left open ends with it.
    ending.abort(new Error('the probe is over'));
  }
}
