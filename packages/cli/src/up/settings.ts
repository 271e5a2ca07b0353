/** What `vigie up` runs: its options, its file, and what it finds on the machine, made into the configuration of each part. */
import { isAbsolute, join, relative, resolve } from 'node:path';
import type { Environment } from '@vigie/core/config/environment';
import { ConfigError, type ConfigProblem, formatPath } from '@vigie/core/config/problem';
import { VigieError } from '@vigie/core/errors';
import { formatHostPort } from '@vigie/core/host-port';
import { type AgentConfig, agentSchema } from '@vigie/node-agent/config';
import { isTailed, tailedSources } from '@vigie/node-agent/source-config';
import * as v from 'valibot';
import { CONTAINER_LOGS, type ContainerLogs } from './container-logs.ts';
import { type PartTexts, readVigieFile } from './vigie-file.ts';

export interface UpOptions {
  /** vigie.yaml. */
  readonly configFile: string | undefined;
  readonly dataDir: string;
  /** Patterns of log files; none: those of the node. */
  readonly logs: readonly string[];
  readonly elasticsearch: string | undefined;
  /** undefined: where there is nothing else to read. */
  readonly demo: boolean | undefined;
}

/** @template Parts how the other parts are configured */
export interface UpSettings<Parts> {
  readonly agent: AgentConfig;
  readonly parts: Parts;
  /** The demo's folder; undefined where none runs. */
  readonly demoRoot: string | undefined;
  /** From where to where, for the screen. */
  readonly route: string;
}

/** How the parts beside the agent are configured. Their problems are told with those of the rest of the file.
 *  @param dataDir absolute
 *  @throws {VigieError} CONFIG_UNREADABLE */
export type ReadParts<Parts> = (
  texts: PartTexts,
  dataDir: string,
) => Promise<
  | { readonly status: 'read'; readonly settings: Parts }
  | { readonly status: 'refused'; readonly problems: readonly ConfigProblem[] }
>;

type Sinks = AgentConfig['sinks'];

/** @param containerLogs decides where neither options nor file do
 *  @throws {ConfigError} with every problem of the file and of those that it names; {VigieError} CONFIG_… */
export async function resolveSettings<Parts>(
  options: UpOptions,
  environment: Environment,
  containerLogs: ContainerLogs,
  readParts: ReadParts<Parts>,
): Promise<UpSettings<Parts>> {
  const dataDir = resolve(options.dataDir);
  const file = options.configFile === undefined ? undefined : await readVigieFile(options.configFile, environment);
  const parts = await readParts(file?.parts ?? {}, dataDir);
  const problems = [...(file?.problems ?? []), ...(parts.status === 'refused' ? parts.problems : [])];
  if (problems.length > 0 || parts.status === 'refused') throw new ConfigError(problems);
  const written = file?.agent;
  const demo = options.demo ?? (written === undefined && options.logs.length === 0 && containerLogs !== 'readable');
  const demoRoot = demo ? join(dataDir, 'demo') : undefined;
  const paths = [
    ...(demoRoot === undefined ? [] : [demoGlob(demoRoot)]),
    ...options.logs.map((pattern) => (isAbsolute(pattern) ? pattern : resolve(pattern))),
  ];
  const defaults = defaultAgent(dataDir, paths, options.elasticsearch);
  const agent = written === undefined ? defaults : overridden(written, defaults, paths, options);
  return { agent, parts: parts.settings, demoRoot, route: routeText(agent, demo) };
}

/** Where a source of the agent listens for OTLP: `127.0.0.1:4318`. */
export function otlpAddresses({ sources }: AgentConfig): readonly string[] {
  return Object.values(sources).flatMap((source) =>
    source.type === 'otlp' ? [formatHostPort(source.listen.address)] : [],
  );
}

/** The links to the demo's logs. */
export function demoGlob(demoRoot: string): string {
  return join(demoRoot, 'containers', '*.log');
}

/** Options win over the file: `--logs` and the demo over the paths of its sources, `--elasticsearch` over its sinks. */
function overridden(
  written: AgentConfig,
  defaults: AgentConfig,
  paths: readonly string[],
  options: UpOptions,
): AgentConfig {
  const sources =
    paths.length === 0
      ? written.sources
      : mapValues(written.sources, (source) => (isTailed(source) ? { ...source, paths: [...paths] } : source));
  const inputs = [...new Set(Object.values(written.sinks).flatMap((sink) => sink.inputs))];
  const sinks =
    options.elasticsearch === undefined
      ? written.sinks
      : mapValues(defaults.sinks, (sink): Sinks[string] => ({ ...sink, inputs }));
  return { ...written, sources, sinks };
}

/** Everything that is not said is the agent's own default.
 *  @throws {VigieError} CONFIG_INVALID when an option cannot be part of a configuration */
function defaultAgent(dataDir: string, paths: readonly string[], elasticsearch: string | undefined): AgentConfig {
  const result = v.safeParse(agentSchema, {
    data_dir: join(dataDir, 'agent'),
    sources: {
      pods: { type: 'kubernetes_logs', paths: paths.length === 0 ? [join(CONTAINER_LOGS, '*.log')] : paths },
    },
    sinks: elasticsearch === undefined ? fileSink(dataDir) : elasticsearchSink(dataDir, elasticsearch),
    host_metrics: {},
  });
  if (result.success) return result.output;
  const problems = result.issues.map(({ path = [], message }) => {
    const keys = path.map(({ key }) => (typeof key === 'number' ? key : String(key)));
    return `${formatPath(keys)}: expected ${message}`;
  });
  throw new VigieError('CONFIG_INVALID', `the options make no configuration: ${problems.join('; ')}`);
}

function fileSink(dataDir: string): Record<string, unknown> {
  const path = join(dataDir.replaceAll('%', '%%'), 'records', 'logs.ndjson');
  return { files: { type: 'file', inputs: ['pods'], path } };
}

/** @throws {VigieError} CONFIG_INVALID */
function elasticsearchSink(dataDir: string, text: string): Record<string, unknown> {
  if (!URL.canParse(text)) {
    throw new VigieError(
      'CONFIG_INVALID',
      `--elasticsearch: expected a URL such as http://127.0.0.1:9200, got ${text}`,
    );
  }
  const url = new URL(text);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const auth =
    username === ''
      ? {}
      : { auth: { basic: { user: decodeURIComponent(username), password: decodeURIComponent(password) } } };
  return {
    elasticsearch: {
      type: 'elasticsearch',
      inputs: ['pods'],
      endpoints: [url.href],
      data_stream: 'logs-kubernetes-default',
      id: 'deterministic',
      // OpenSearch has no template for data streams: without one, whoever tries Vigie would see a held sink.
      setup: true,
      dead_letter: { path: join(dataDir, 'dead-letters.ndjson') },
      ...auth,
    },
  };
}

function routeText(agent: AgentConfig, demo: boolean): string {
  const paths = new Set(Object.values(tailedSources(agent.sources)).flatMap((source) => source.paths));
  const from = demo ? 'demo workloads' : [...paths].join(', ');
  return `${from} → ${Object.values(agent.sinks).map(sinkText).join(', ')}`;
}

function sinkText(sink: Sinks[string]): string {
  switch (sink.type) {
    case 'elasticsearch':
      return sink.endpoints.map(String).join(', ');
    case 'file':
      return shownPath(sink.path.source.replaceAll('%%', '%'));
    default:
      return sink.type;
  }
}

/** From the working directory, where it is below. */
function shownPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
