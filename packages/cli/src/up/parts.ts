/** The parts of `vigie up` beside the agent: the collector, and alerting over it. One file of the build holds both: what one hands to the other
 *  is made by the same code (scripts/build.mjs). */

import { hostname } from 'node:os';
import { join } from 'node:path';
import { openTracing } from '@vigie/collector/tracing/open-tracing';
import type { Tracing } from '@vigie/collector/tracing/tracing';
import type { Clock } from '@vigie/core/clock';
import type { Environment } from '@vigie/core/config/environment';
import { ConfigError, type ConfigProblem } from '@vigie/core/config/problem';
import { bug } from '@vigie/core/errors';
import type { HostPort } from '@vigie/core/host-port';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import type { Mount } from '@vigie/core/http-server/mount';
import type { Route } from '@vigie/core/http-server/routes';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { AlertingPart, type AlertingPartSettings, readAlertingPart } from './alerting-part.ts';
import { allOf } from './all-of.ts';
import { CollectorPart, type CollectorPartSettings, readCollectorPart } from './collector-part.ts';
import { mergedExposition } from './merged-exposition.ts';
import type { ReadParts } from './settings.ts';

export interface PartsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of Vigie. */
  readonly version: string;
  /** Where the line `listening on …` goes. */
  readonly print: (line: string) => void;
}

export interface ReadPartsDeps extends Pick<PartsDeps, 'clock' | 'random' | 'env' | 'version'> {
  /** Of Vigie's own failures: a file, which need not be there. */
  readonly ownRules: string;
}

export interface PartDeps extends PartsDeps {
  readonly hostName: string;
  readonly tracing: Tracing | undefined;
  /** Where the program listens, once it does. */
  readonly address: () => HostPort;
}

export interface PartsSettings {
  readonly collector: CollectorPartSettings;
  readonly alerting: AlertingPartSettings;
}

/** @returns reads the sections of the parts, and the files that they name */
export function partsReader(environment: Environment, deps: ReadPartsDeps): ReadParts<PartsSettings> {
  return async (texts, dataDir) => {
    const problems: ConfigProblem[] = [];
    const collector = await collectProblems(
      problems,
      readCollectorPart(texts.collector, environment, join(dataDir, 'metrics')),
    );
    const alerting = await collectProblems(problems, readAlertingPart(texts.alerting, environment, dataDir, deps));
    if (collector === undefined || alerting === undefined) return { status: 'refused', problems };
    return { status: 'read', settings: { collector, alerting } };
  };
}

/** @returns undefined where there were some */
async function collectProblems<T>(problems: ConfigProblem[], reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** @param otlpAddresses where the agent listens for OTLP
 *  @throws {VigieError} see CollectorAssembly */
export async function openParts(
  settings: PartsSettings,
  otlpAddresses: readonly string[],
  deps: PartsDeps,
): Promise<Parts> {
  const { env, version, log } = deps;
  const tracing = await openTracing(env, { version, serviceName: 'vigie' }, log);
  return new Parts(settings, otlpAddresses, tracing, deps);
}

export class Parts {
  readonly #collector: CollectorPart;
  readonly #alerting: AlertingPart;
  readonly #tracing: Tracing | undefined;
  #address: HostPort | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    { collector, alerting }: PartsSettings,
    otlpAddresses: readonly string[],
    tracing: Tracing | undefined,
    deps: PartsDeps,
  ) {
    const address = (): HostPort => {
      if (this.#address === undefined) throw bug('it does not listen yet');
      return this.#address;
    };
    const partDeps: PartDeps = { ...deps, tracing, hostName: hostname(), address };
    this.#tracing = tracing;
    this.#collector = new CollectorPart(collector, otlpAddresses, partDeps);
    this.#alerting = new AlertingPart(alerting, this.#collector.ruleSource, partDeps);
  }

  get mounts(): readonly Mount[] {
    return [...this.#collector.mounts, this.#alerting.mount];
  }

  get routes(): readonly Route[] {
    return this.#collector.routes;
  }

  /** What is taken where the agent listens for OTLP. */
  get otlpRoutes(): readonly Route[] {
    return this.#collector.otlpRoutes;
  }

  /** @param address where the program listens
   *  @throws {VigieError} METRICS_DATA, ALERTING_STATE, LISTEN_FAILED; the signal's reason */
  async start(address: HostPort, signal: AbortSignal): Promise<void> {
    this.#address = address;
    await this.#collector.start(signal);
    await this.#alerting.start(address);
  }

  /** What /metrics tells is recorded from now on. */
  record(address: HostPort): Promise<void> {
    return this.#collector.record(address);
  }

  /** Takes up settings that are being read. What one part cannot take up, such as what takes a restart, keeps no other from it.
   *  @throws what reading does; {VigieError} CONFIG_INVALID where a change takes a restart */
  async reload(reading: Promise<PartsSettings>): Promise<void> {
    await allOf([
      this.#alerting.reload(reading.then(({ alerting }) => alerting)),
      this.#collector.reload(reading.then(({ collector }) => collector)),
    ]);
  }

  /** As of HealthSource, below the sections of the parts. */
  nextStart(): readonly string[] {
    const { nextStart: collector } = this.#collector;
    const { nextStart: alerting } = this.#alerting;
    return [...collector.map((key) => `collector.${key}`), ...alerting.map((key) => `alerting.${key}`)];
  }

  ready(): readonly HealthCheck[] {
    return [...this.#collector.ready(), ...this.#alerting.ready()];
  }

  /** In one text, each metric once. */
  async expose(): Promise<string> {
    const exposed = await Promise.all([this.#collector.expose(), this.#alerting.expose()]);
    return mergedExposition(exposed.flatMap((exposition) => exposition?.body ?? []));
  }

  /** Nothing is recorded any more; what is there is still told. */
  stop(): void {
    this.#collector.stop();
  }

  /** What is being told, pushed or asked of the metrics APIs has graceMs to end. Idempotent. */
  async drain(options: { readonly graceMs: number }): Promise<void> {
    await Promise.all([this.#alerting.close(options), this.#collector.closePorts(options)]);
  }

  /** Also after a start that failed, or none. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.stop();
    // Rules ask the collector: it goes last.
    await this.drain({ graceMs: 0 });
    await this.#collector.close();
    await this.#tracing?.close();
  }
}
