/** `vigie up`: Vigie on this machine, seen in the terminal. */
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { bug, errorCode } from '@vigie/core/errors';
import { parseHostPort } from '@vigie/core/host-port';
import { type ExitCode, runComponent } from '@vigie/core/lifecycle';
import { createLog } from '@vigie/core/log';
import type { AgentConfig } from '@vigie/node-agent/config';
import { serviceDeps } from '@vigie/node-agent/run';
import { AgentService } from '@vigie/node-agent/service';
import { Command } from 'commander';
import type { CommandContext } from '../command.ts';
import { hostPortOption, runCommandLine } from '../command-line.ts';
import { paintFor, plain } from '../terminal/style.ts';
import { allOf } from '../up/all-of.ts';
import { CONTAINER_LOGS, findContainerLogs } from '../up/container-logs.ts';
import type { Display, DisplaySource } from '../up/display.ts';
import { LiveScreen } from '../up/live-screen.ts';
import { noteLog } from '../up/note-log.ts';
import { Notes } from '../up/notes.ts';
import { PlainLines } from '../up/plain-lines.ts';
import { otlpAddresses, resolveSettings, type UpOptions } from '../up/settings.ts';
import { Up } from '../up/up.ts';

interface Flags {
  readonly config?: string;
  readonly dataDir: string;
  readonly listen: string;
  readonly logs: string[];
  readonly elasticsearch?: string;
  readonly demo?: boolean;
}

export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie up')
    .description('Runs Vigie on this machine, with a live tail and the ledger in the terminal.')
    .option('--config <file>', 'vigie.yaml, with sections node_agent, collector and alerting')
    .option('--data-dir <dir>', 'where positions, records, metrics and the demo are kept', 'vigie-data')
    .option('--listen <host:port>', 'the one port', hostPortOption, '127.0.0.1:7070')
    .option('--logs <glob...>', `log files to read (default: ${CONTAINER_LOGS}/*.log)`, [])
    .option('--elasticsearch <url>', 'ship to Elasticsearch or OpenSearch, not to files')
    .option('--demo', 'write and read the logs of three demo workloads')
    .option('--no-demo', 'never, also where there are no other logs')
    .allowExcessArguments(false);
  command.action(async (flags: Flags) => {
    exitCode = await up(flags, context);
  });
  return runCommandLine(command, args, () => exitCode);
}

async function up(flags: Flags, { version, distDir }: CommandContext): Promise<ExitCode> {
  const { env, stdout, stderr } = process;
  const options: UpOptions = {
    configFile: flags.config,
    dataDir: flags.dataDir,
    logs: flags.logs,
    elasticsearch: flags.elasticsearch,
    demo: flags.demo,
  };
  const containerLogs = await findContainerLogs(CONTAINER_LOGS);
  const { openParts, partsReader } = await import('../up/parts.ts');
  const readParts = partsReader(env, {
    ...{ clock: systemClock, random: Math.random, env, version },
    ownRules: join(distDir, 'vigie-rules.yaml'),
  });
  const settings = await resolveSettings(options, env, containerLogs, readParts);
  const { agent: config, demoRoot, route } = settings;

  const notes = new Notes();
  // Where both are the terminal, lines of JSON would tear the picture.
  const log = stdout.isTTY && stderr.isTTY ? noteLog(notes) : createLog(config.log_level);
  let reading = Promise.resolve(settings);
  const readConfig = async (): Promise<AgentConfig> => (await reading).agent;
  const deps = await serviceDeps(config, readConfig, { version, kernelPath: join(distDir, 'kernel.wasm') }, log);
  const parts = await openParts(settings.parts, otlpAddresses(config), deps);
  const service = new AgentService(config, { ...deps, besideOtlp: parts.otlpRoutes });
  const reload = async (): Promise<void> => {
    reading = resolveSettings({ ...options, demo: demoRoot !== undefined }, env, containerLogs, readParts);
    await allOf([service.reload(), parts.reload(reading.then((read) => read.parts))]);
  };
  const source: DisplaySource = {
    agent: service.agent,
    problems: () => service.ready().flatMap(({ problem }) => problem ?? []),
    url: () => component.url,
    route,
  };
  const displayDeps = { clock: deps.clock, output: stdout, paint: stdout.isTTY ? paintFor(env) : plain };
  const display: Display = stdout.isTTY
    ? new LiveScreen(source, notes, displayDeps)
    : new PlainLines(source, displayDeps);
  const listen = parseHostPort(flags.listen);
  if (listen === undefined) throw bug(`--listen ${flags.listen} was accepted`);
  const component = new Up(settings, listen, service, parts, display, reload, deps);
  if (options.demo === undefined && demoRoot !== undefined && containerLogs === 'unreadable') {
    log.warn(`the logs in ${CONTAINER_LOGS} are not readable by this user; this is the demo`);
  }
  stdout.on('error', (error) => {
    if (errorCode(error) === 'EPIPE') component.outputLost();
    else log.error('cannot write to the terminal', { error });
  });
  return runComponent(component, { graceMs: config.shutdown_grace, log, clock: deps.clock, process });
}
