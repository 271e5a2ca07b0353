/** Reads collector.yaml: a prometheus.yml, with Vigie's own sections. Source: Prometheus 3, config/config.go. */
import { dirname, resolve } from 'node:path';
import { AS_WRITTEN, type Environment, WrittenReading } from '@vigie/core/config/environment';
import { refused, section } from '@vigie/core/config/fields';
import { type ConfigWarning, Findings, type ReadContext } from '@vigie/core/config/findings';
import { type ListenAddress, listenWithMetrics } from '@vigie/core/config/listen';
import { type ConfigText, parseConfig, readConfigFile } from '@vigie/core/config/load';
import { ConfigError, type ConfigPath, type ConfigProblem } from '@vigie/core/config/problem';
import { textList } from '@vigie/core/config/written-fields';
import { LOG_LEVELS } from '@vigie/core/log-levels';
import { findFiles } from '@vigie/rules/file/glob-files';
import * as v from 'valibot';
import { ruleProblems } from '../adapter/rule-problems.ts';
import { DEFAULT_KUBE_STATE } from '../kube-state/kube-state.ts';
import type { ProbeOptions } from '../probe/probes.ts';
import {
  ADAPTER_LITERAL_KEYS,
  type AdapterConfig,
  adapterFileSchema,
  adapterOf,
  adapterSection,
} from './adapter-config.ts';
import type { CollectorConfig, ScrapeConfig } from './collector-config.ts';
import { defaultScrapes, KUBE_STATE_JOB_NAME, KUBELET_JOB, kubeStateScrapes } from './default-jobs.ts';
import { readExternalLabels } from './external-labels.ts';
import { globalSection, readGlobal } from './global-section.ts';
import { DEFAULT_OPERATOR_OBJECTS, operatorSection, readOperatorObjects } from './operator-section.ts';
import { otlpSection, readOtlp } from './otlp-config.ts';
import {
  engineSection,
  kubeStateSection,
  metricsApiSection,
  readEngine,
  readKubeState,
  readMetricsApi,
} from './own-sections.ts';
import {
  PROBE_LITERAL_KEYS,
  probeFileSchema,
  probeOptions,
  probeSection,
  readProbeModules,
  readProbes,
} from './probe-section.ts';
import { readRemoteWrites, remoteWriteSection } from './remote-write-section.ts';
import { type JobNames, readScrapes, type ScrapeGlobals, scrapeSections } from './scrape-section.ts';
import { readSharding, shardingSection } from './sharding-section.ts';
import { readStorage, storageSection } from './storage-config.ts';
import { readTests, testsSection } from './tests-section.ts';
import { oneOf, wait } from './written-fields.ts';

export interface LoadedCollectorConfig {
  readonly config: CollectorConfig;
  /** What is accepted without effect. */
  readonly warnings: readonly ConfigWarning[];
}

/** Sections of Prometheus that are read without effect, and who does it instead. */
const WITHOUT_EFFECT = {
  alerting: 'alerts are sent by `vigie alerting`: its alertmanagers stand in alerting.yaml',
  remote_read: 'not supported: queries see what the collector holds, or all that engine.remote has',
  tracing: 'not supported: traces are sent where OTEL_EXPORTER_OTLP_ENDPOINT says',
  runtime: 'not supported: there is no garbage collector of Go to tune',
} as const;
const WITHOUT_EFFECT_KEYS = ['alerting', 'remote_read', 'tracing', 'runtime'] as const;

const collectorSchema = section({
  global: v.nullish(globalSection, {}),
  scrape_configs: scrapeSections,
  scrape_config_files: textList,
  rule_files: textList,
  storage: v.nullish(storageSection, {}),
  remote_write: v.nullish(v.array(remoteWriteSection), []),
  alerting: v.optional(v.unknown()),
  remote_read: v.optional(v.unknown()),
  tracing: v.optional(v.unknown()),
  otlp: v.nullish(otlpSection, {}),
  runtime: v.optional(v.unknown()),
  engine: v.nullish(engineSection),
  sharding: v.nullish(shardingSection),
  adapter: v.nullish(adapterSection),
  metrics_api: v.nullish(metricsApiSection),
  kube_state: v.nullish(kubeStateSection),
  probes: v.nullish(probeSection),
  operator_objects: v.nullish(operatorSection),
  listen: v.optional(listenWithMetrics(), '127.0.0.1:9090'),
  log_level: oneOf(LOG_LEVELS, 'info'),
  shutdown_grace: wait('15s'),
  tests: testsSection,
  data_dir: refused('storage.path, the folder of the database'),
});

type WrittenCollector = v.InferOutput<typeof collectorSchema>;

/** A file of `scrape_config_files`. */
const scrapeFileSchema = section({ scrape_configs: scrapeSections });

/** `$` has a meaning of its own in what is below these. */
const LITERAL_KEYS = [
  'regex',
  'replacement',
  'target_label',
  'external_labels',
  ...ADAPTER_LITERAL_KEYS,
  ...PROBE_LITERAL_KEYS,
];

/** @param file relative paths in it begin at its folder
 *  @param listenAt of the command line, in place of the configured address
 *  @throws {ConfigError} with every problem of it and of the files that it names
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function loadCollectorConfig(
  file: string,
  environment: Environment,
  listenAt?: ListenAddress['address'],
): Promise<LoadedCollectorConfig> {
  return readCollectorConfig(await readConfigFile(file), environment, { listenAt });
}

/** What a program says beside the configuration. */
export interface CollectorSurroundings {
  /** In place of the configured address. */
  readonly listenAt?: ListenAddress['address'] | undefined;
  /** Of the database, where the configuration does not say; absolute. */
  readonly storagePath?: string | undefined;
}

/** As loadCollectorConfig, of what has been read.
 *  @throws {ConfigError} with every problem of it and of the files that it names
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function readCollectorConfig(
  { text, file, root }: ConfigText,
  environment: Environment,
  { listenAt, storagePath }: CollectorSurroundings = {},
): Promise<LoadedCollectorConfig> {
  const reading = new WrittenReading(environment, LITERAL_KEYS);
  const { value: written, ...at } = parseConfig(text, file, collectorSchema, reading, root);
  const folder = resolve(dirname(file));
  const findings = new Findings(at);
  const context: ReadContext = { findings, folder };
  for (const key of WITHOUT_EFFECT_KEYS) if (isGiven(written[key])) findings.warn([key], WITHOUT_EFFECT[key]);
  const globals: ScrapeGlobals = {
    written: written.global,
    read: readGlobal(written.global, ['global'], findings),
  };
  const jobs: JobNames = new Map();
  const isDefault = hasDefaultJobs(written, environment);
  const kubeState =
    written.kube_state == null
      ? isDefault
        ? DEFAULT_KUBE_STATE
        : undefined
      : readKubeState(written.kube_state, ['kube_state'], context);
  const scrapes = isDefault
    ? defaultScrapes(globals)
    : readScrapes(written.scrape_configs ?? [], ['scrape_configs'], context, globals, file, jobs);
  const ruleFiles = readGlobs(written.rule_files, ['rule_files'], context);
  const included = await readScrapeFiles(
    readGlobs(written.scrape_config_files, ['scrape_config_files'], context),
    reading,
    globals,
    jobs,
  );
  if (kubeState !== undefined && jobs.has(KUBE_STATE_JOB_NAME))
    findings.problemAtKey(['kube_state'], `no job_name ${KUBE_STATE_JOB_NAME} beside it`);
  const ownScrapes = kubeState === undefined ? [] : kubeStateScrapes(globals);
  const allScrapes = [...scrapes, ...included.scrapes, ...ownScrapes];
  const adapter = await readAdapter(written.adapter, ['adapter'], context);
  const probes = await readProbeSection(written.probes, ['probes'], context);
  const config: CollectorConfig = {
    externalLabels: readExternalLabels(
      written.global.external_labels,
      ['global', 'external_labels'],
      environment,
      findings,
    ),
    evaluationIntervalMs: globals.read.evaluationIntervalMs,
    ruleQueryOffsetMs: globals.read.ruleQueryOffsetMs,
    ruleFiles,
    scrapes: allScrapes,
    storage: readStorage(written.storage, ['storage'], context, storagePath),
    remoteWrite: readRemoteWrites(written.remote_write, ['remote_write'], context),
    otlp: readOtlp(written.otlp, ['otlp'], context, written.global.metric_name_validation_scheme),
    engine: written.engine == null ? undefined : readEngine(written.engine, ['engine'], context),
    sharding:
      written.sharding == null
        ? undefined
        : readSharding(written.sharding, ['sharding'], context, environment, written.engine != null),
    adapter: adapter.config,
    metricsApi: written.metrics_api == null ? undefined : readMetricsApi(written.metrics_api, ['metrics_api'], context),
    kubeState,
    clusterJobs: [...(isDefault ? [KUBELET_JOB] : []), ...(kubeState === undefined ? [] : [KUBE_STATE_JOB_NAME])],
    probes: probes.options,
    operatorObjects:
      written.operator_objects == null && !isInCluster(environment)
        ? undefined
        : readOperatorObjects(
            written.operator_objects ?? DEFAULT_OPERATOR_OBJECTS,
            ['operator_objects'],
            context,
            globals,
          ),
    listen: listenAt === undefined ? written.listen : { ...written.listen, address: listenAt },
    logLevel: written.log_level,
    shutdownGraceMs: written.shutdown_grace,
    tests: readTests(written.tests, ['tests'], allScrapes, findings),
  };
  const problems = [...findings.problems, ...included.problems, ...adapter.problems, ...probes.problems];
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, warnings: [...findings.warnings, ...included.warnings, ...probes.warnings] };
}

/** In a cluster, without a word about jobs. */
function hasDefaultJobs({ scrape_configs, scrape_config_files }: WrittenCollector, environment: Environment): boolean {
  return scrape_configs == null && scrape_config_files.length === 0 && isInCluster(environment);
}

function isInCluster({ KUBERNETES_SERVICE_HOST: host = '' }: Environment): boolean {
  return host !== '';
}

function isGiven(section: unknown): boolean {
  return typeof section === 'object' && section !== null && Object.keys(section).length > 0;
}

/** Prometheus has a `*` in the last part of a path alone. */
const GLOB = /^[^*]*(?:\*[^/]*)?$/;

function readGlobs(written: readonly string[], path: ConfigPath, { findings, folder }: ReadContext): readonly string[] {
  for (const [index, pattern] of written.entries())
    if (!GLOB.test(pattern)) findings.problem([...path, index], 'a path, with * in its last part only');
  return written.map((pattern) => resolve(folder, pattern));
}

interface IncludedScrapes {
  readonly scrapes: readonly ScrapeConfig[];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

async function readScrapeFiles(
  patterns: readonly string[],
  reading: WrittenReading,
  globals: ScrapeGlobals,
  jobs: JobNames,
): Promise<IncludedScrapes> {
  const { files } = await findFiles(patterns);
  const scrapes: ScrapeConfig[] = [];
  const problems: ConfigProblem[] = [];
  const warnings: ConfigWarning[] = [];
  for (const file of files) {
    const { text } = await readConfigFile(file);
    try {
      const { value, ...at } = parseConfig(text, file, scrapeFileSchema, reading);
      const findings = new Findings(at);
      const context = { findings, folder: dirname(file) };
      scrapes.push(...readScrapes(value.scrape_configs ?? [], ['scrape_configs'], context, globals, file, jobs));
      problems.push(...findings.problems);
      warnings.push(...findings.warnings);
    } catch (error) {
      problems.push(...problemsOf(error));
    }
  }
  return { scrapes, problems, warnings };
}

interface ReadAdapter {
  readonly config: AdapterConfig | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** A file of prometheus-adapter is in a format of others: nothing of the environment is in it. */
async function readAdapter(
  written: WrittenCollector['adapter'],
  path: ConfigPath,
  { findings, folder }: ReadContext,
): Promise<ReadAdapter> {
  if (written == null) return { config: undefined, problems: [] };
  const inline = adapterOf(written);
  if (written.file === '') {
    for (const problem of ruleProblems(inline)) findings.problem([...path, ...problem.path], problem.expected);
    return { config: inline, problems: [] };
  }
  if (inline.rules.length + inline.externalRules.length > 0 || inline.resourceRules !== undefined)
    findings.problemAtKey([...path, 'file'], 'either a file or rules beside it, not both');
  const file = resolve(folder, written.file);
  const { text } = await readConfigFile(file);
  try {
    const { value, ...at } = parseConfig(text, file, adapterFileSchema, AS_WRITTEN);
    const config = adapterOf(value);
    const own = new Findings(at);
    for (const problem of ruleProblems(config)) own.problem(problem.path, problem.expected);
    return { config, problems: own.problems };
  } catch (error) {
    return { config: undefined, problems: problemsOf(error) };
  }
}

interface ReadProbes {
  readonly options: ProbeOptions | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** A file of blackbox_exporter is in a format of others, as that of prometheus-adapter is. */
async function readProbeSection(
  written: WrittenCollector['probes'],
  path: ConfigPath,
  context: ReadContext,
): Promise<ReadProbes> {
  if (written == null) return { options: undefined, problems: [], warnings: [] };
  if (written.file === '') return { options: readProbes(written, path, context), problems: [], warnings: [] };
  if (Object.keys(written.modules).length > 0)
    context.findings.problemAtKey([...path, 'file'], 'either a file or modules beside it, not both');
  const file = resolve(context.folder, written.file);
  const { text } = await readConfigFile(file);
  try {
    const { value, ...at } = parseConfig(text, file, probeFileSchema, AS_WRITTEN);
    const findings = new Findings(at);
    const modules = readProbeModules(value.modules, [], { findings, folder: dirname(file) });
    return { options: probeOptions(written, modules), problems: findings.problems, warnings: findings.warnings };
  } catch (error) {
    return { options: undefined, problems: problemsOf(error), warnings: [] };
  }
}

/** @throws what is no problem of a configuration */
function problemsOf(error: unknown): readonly ConfigProblem[] {
  if (error instanceof ConfigError) return error.problems;
  throw error;
}
