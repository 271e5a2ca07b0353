import type { Environment } from '@vigie/core/config/environment';
import { duration, section, text } from '@vigie/core/config/fields';
import { listen } from '@vigie/core/config/listen';
import { type ConfigText, parseConfig, readConfigFile } from '@vigie/core/config/load';
import { ConfigError, type ConfigPath } from '@vigie/core/config/problem';
import { VigieError } from '@vigie/core/errors';
import { parseHostPort } from '@vigie/core/host-port';
import { LOG_LEVELS } from '@vigie/core/log-levels';
import { bufferProblems } from '@vigie/log-pipeline/agent/buffer-config';
import { componentName, sinksSection, transformsSection } from '@vigie/log-pipeline/agent/config';
import { memoryProblems } from '@vigie/log-pipeline/agent/kernel-sizes';
import { wiringProblems } from '@vigie/log-pipeline/agent/wiring';
import { logMetricProblems } from '@vigie/log-pipeline/sinks/log-to-metric/config';
import * as v from 'valibot';
import { testProblems } from './config-tests/test-problems.ts';
import { testSchema } from './config-tests/test-section.ts';
import { leaseProblems } from './events/events-config.ts';
import { hostMetricsSection } from './host-metrics/host-metrics-config.ts';
import { kubernetesSection } from './metadata/metadata-config.ts';
import { metadataProblems } from './metadata/metadata-problems.ts';
import { sourceSchema, tailedSources } from './source-config.ts';

/** A whole agent.yaml; how its parts go together is not checked (agentProblems). */
export const agentSchema = section({
  data_dir: v.optional(text(), '/var/lib/vigie'),
  listen: v.optional(listen(), '127.0.0.1:9880'),
  log_level: v.optional(v.picklist(LOG_LEVELS), 'info'),
  checkpoint_interval: v.optional(duration({ min: 10, max: 60_000 }), '1s'),
  /** How long SIGTERM waits for requests in flight. */
  shutdown_grace: v.optional(duration({ max: 600_000 }), '15s'),
  /** Name of the cluster, for its records. */
  cluster: v.optional(text()),
  kubernetes: v.optional(kubernetesSection, {}),
  /** Serves /metrics/node where it is there. */
  host_metrics: v.optional(hostMetricsSection),
  sources: v.pipe(v.record(componentName, sourceSchema), v.minEntries(1, 'at least one source')),
  transforms: v.optional(transformsSection, {}),
  sinks: sinksSection,
  /** What transforms are to make of given records; `vigie check node-agent --test` runs them. */
  tests: v.optional(v.array(testSchema), []),
});

export type AgentConfig = v.InferOutput<typeof agentSchema>;

/** What is wrong with how the parts of a configuration go together. */
export function agentProblems(config: AgentConfig): { readonly path: ConfigPath; readonly expected: string }[] {
  const wiring = wiringProblems(config);
  return [
    ...wiring,
    ...metadataProblems(tailedSources(config.sources)),
    ...leaseProblems(config.sources),
    ...bufferProblems(config),
    ...logMetricProblems(config),
    ...testProblems(config, config.tests),
    // Ways lead somewhere only where nothing is wrong with the wiring.
    ...(wiring.length === 0 ? memoryProblems(config) : []),
  ];
}

/** Reads agent.yaml, and checks how its parts are joined.
 *  @param listenAt HOST:PORT of the command line, in place of the configured address
 *  @throws {ConfigError} with every problem; {VigieError} CONFIG_UNREADABLE */
export async function loadAgentConfig(
  file: string,
  environment: Environment,
  listenAt: string | undefined,
): Promise<AgentConfig> {
  const config = parseAgentConfig(await readConfigFile(file), environment);
  if (listenAt === undefined) return config;
  const address = parseHostPort(listenAt);
  if (address === undefined) throw new VigieError('CONFIG_INVALID', `--listen: expected HOST:PORT, got ${listenAt}`);
  return { ...config, listen: { ...config.listen, address } };
}

/** As loadAgentConfig, of what has been read.
 *  @throws {ConfigError} */
export function parseAgentConfig({ text, file, root }: ConfigText, environment: Environment): AgentConfig {
  const { value, problemAt } = parseConfig(text, file, agentSchema, environment, root);
  const problems = agentProblems(value).map(({ path, expected }) => problemAt(path, expected));
  if (problems.length > 0) throw new ConfigError(problems);
  return value;
}
