/** What somebody else knows of the pods whose logs an agent reads: handed in, so that the pipeline itself knows no cluster. */
import type { LogPlans } from '../lane/log-plan.ts';
import type { Multiline } from '../multiline/join-lines.ts';
import type { CatalogReader } from '../tail/catalog-reader.ts';
import type { ContainerLog } from '../tail/generation.ts';
import type { ContainerFacts } from '../transforms/transform.ts';
import type { RuntimeConfig } from './config.ts';
import type { AskedRates } from './rate-limits.ts';
import type { CreateTransform } from './routes.ts';
import type { SourceRuntime } from './source-runtime.ts';

/** The agent as whoever knows its pods sees it. */
export interface PodFactsUser {
  /** Those that run. */
  sources(): Iterable<SourceRuntime>;
  /** Other facts are known of a log, or more. */
  changed(source: SourceRuntime, log: ContainerLog): void;
}

export interface PodFacts<Config> {
  /** Once, before anything else. */
  connect(agent: PodFactsUser): void;
  /** Before the sources, which ask for pods from their first file on.
   *  @throws {VigieError} where pods are asked for and cannot be had */
  configure(config: Config): Promise<void>;
  /** Gives a source what it gets of the pods now, with `usePods`. */
  attach(source: SourceRuntime, config: Config): void;
  /** What keeps it from knowing anything, for a person to read. */
  problems(monotonicMs: number): readonly string[];
  close(): Promise<void>;
}

/** What one source of logs gets of it. A reader of the catalog, so that it is told of logs as they come and go. */
export interface SourcePodFacts extends CatalogReader {
  labelsOf(log: ContainerLog): Readonly<Record<string, string>> | undefined;
  /** @param base what the path and the configuration say */
  facts(log: ContainerLog, base: ContainerFacts): ContainerFacts;
  /** What pods ask for in place of the operator's limits, if they are asked. */
  readonly askedRates: AskedRates | undefined;
  /** What pods ask of one lane, if they are asked. */
  plans(lane: PlannedLane): LogPlans | undefined;
  /** Lets go of all logs. */
  close(): void;
}

export interface PlannedLane {
  readonly sink: string;
  /** How the lane joins lines where nothing else is asked for. */
  readonly multiline: Multiline | undefined;
  readonly transforms: RuntimeConfig['transforms'];
  readonly createTransform: CreateTransform;
}
