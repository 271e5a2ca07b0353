import { readFile } from 'node:fs/promises';
import { systemClock } from '@vigie/core/clock';
import { reportBadConfig } from '@vigie/core/config/bad-config';
import { type ExitCode, runComponent } from '@vigie/core/lifecycle';
import { createLog, type Log } from '@vigie/core/log';
import { createSinkRuntime } from '@vigie/log-pipeline/agent/sinks';
import { createTransform } from '@vigie/log-pipeline/agent/transforms';
import { compileKernel } from '@vigie/log-pipeline/kernel/load';
import { createAgentMetrics } from './agent-metrics.ts';
import type { AgentConfig } from './config.ts';
import { replayDeadLetters } from './replay.ts';
import { AgentService, type ServiceDeps } from './service.ts';

export interface NodeAgentOptions {
  readonly configFile: string;
  readonly version: string;
  /** Path of kernel.wasm. */
  readonly kernelPath: string;
  /** `HOST:PORT`, in place of the configured one. */
  readonly listen?: string | undefined;
  readonly once?: boolean;
  readonly onceTimeoutMs?: number;
  /** A dead-letter file to send again, in place of reading logs. */
  readonly replayFile?: string | undefined;
}

const DEFAULT_ONCE_TIMEOUT_MS = 60_000;

/** `vigie node-agent`: runs until SIGTERM, or until everything is delivered with `once`. */
export async function runNodeAgent(options: NodeAgentOptions): Promise<ExitCode> {
  const { configFile, listen } = options;
  const readConfig = (): Promise<AgentConfig> => loadConfigFile(configFile, listen);
  let config: AgentConfig;
  try {
    config = await readConfig();
  } catch (error) {
    return reportBadConfig(error);
  }
  const deps = await serviceDeps(config, readConfig, options);
  if (options.replayFile !== undefined) return replayDeadLetters(options.replayFile, config, deps);
  const once = options.once === true ? { sinkTimeoutMs: options.onceTimeoutMs ?? DEFAULT_ONCE_TIMEOUT_MS } : undefined;
  return runComponent(new AgentService(config, deps, { once }), {
    graceMs: config.shutdown_grace,
    log: deps.log,
    clock: deps.clock,
    process,
  });
}

/** What the agent takes of the world, for `vigie up` too. */
export async function serviceDeps(
  config: AgentConfig,
  readConfig: () => Promise<AgentConfig>,
  { version, kernelPath }: Pick<NodeAgentOptions, 'version' | 'kernelPath'>,
  log: Log = createLog(config.log_level),
): Promise<ServiceDeps> {
  const { env } = process;
  const clock = systemClock;
  const random = Math.random;
  return {
    clock,
    random,
    log,
    env,
    version,
    readConfig,
    metrics: createAgentMetrics(),
    print: (line) => process.stderr.write(`${line}\n`),
    identity: {
      nodeName: env.NODE_NAME,
      self: { namespace: env.POD_NAMESPACE, name: env.POD_NAME ?? env.HOSTNAME },
    },
    kernel: compileKernel(await readFile(kernelPath)),
    createTransform,
    createSink: (name, section) => createSinkRuntime(name, section, { clock, random, env, version, log }),
  };
}

/** `vigie check node-agent FILE... [--test]`
 *  @param world with it, each file's `tests` run too
 *  @returns 2 where a file has problems, else 1 where a test failed */
export async function checkNodeAgentConfig(
  files: readonly string[],
  world?: Pick<NodeAgentOptions, 'version' | 'kernelPath'>,
): Promise<ExitCode> {
  let worst: ExitCode = 0;
  const counts = { passed: 0, failed: 0 };
  for (const file of files) {
    try {
      const config = await loadConfigFile(file, undefined);
      process.stdout.write(`${file}: ok\n`);
      if (world !== undefined) await testConfigFile(file, config, world, counts);
    } catch (error) {
      worst = reportBadConfig(error);
    }
  }
  if (world === undefined) return worst;
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  return worst === 0 && counts.failed > 0 ? 1 : worst;
}

async function testConfigFile(
  file: string,
  config: AgentConfig,
  world: Pick<NodeAgentOptions, 'version' | 'kernelPath'>,
  counts: { passed: number; failed: number },
): Promise<void> {
  const { runConfigTests } = await import('./config-tests/run-tests.ts');
  const deps = await serviceDeps(config, () => Promise.resolve(config), world, createLog('error'));
  for (const { name, failures } of await runConfigTests(config, deps)) {
    if (failures.length === 0) counts.passed += 1;
    else counts.failed += 1;
    process.stdout.write(`${file}: ${failures.length === 0 ? 'passed' : 'FAILED'}: ${name}\n`);
    for (const failure of failures) process.stdout.write(`${failure.replace(/^/gm, '    ')}\n`);
  }
}

/** The YAML parser and the schemas are loaded for as long as a configuration is read (scripts/build.mjs). */
async function loadConfigFile(file: string, listen: string | undefined): Promise<AgentConfig> {
  const { loadAgentConfig } = await import('./config.ts');
  return loadAgentConfig(file, process.env, listen);
}
