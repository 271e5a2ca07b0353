/** The node agent as users run it: the built bundle, in a process of its own, looked at through its ports, its log and its exit code. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Impossible, until } from './deadline.ts';
import { killLeashed, spawnLeashed } from './leash.ts';
import { arrayAt, ask, at, rest } from './rest.ts';

/** The checkout, where `npx vigie` works. */
export const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
/** VIGIE_BIN tests another build than the checkout's, as one unpacked from an image. */
const BINARY = process.env.VIGIE_BIN ?? join(CHECKOUT, 'packages', 'cli', 'bin', 'vigie.cjs');

/** Loading the bundle and opening the port take well under a second on an idle core. */
const START_TIMEOUT_MS = 60_000;
const EXIT_TIMEOUT_MS = 120_000;
const LOG_END_CHARACTERS = 4000;

export interface AgentExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One row of /ledger. */
export interface LedgerRow {
  readonly source: string;
  readonly sink: string;
  readonly readBytes: number;
  readonly ackedBytes: number;
  readonly inFlightBytes: number;
  readonly droppedBytes: Readonly<Record<string, number>>;
  readonly lostBytes: Readonly<Record<string, number>>;
  readonly readRecords: number;
  readonly ackedRecords: number;
}

export interface AgentProcess {
  readonly pid: number;
  /** Base URL of its own listener. */
  readonly url: string;
  readonly exited: Promise<AgentExit>;
  /** All it has written to stderr. */
  log(): string;
  /** The end of that, for the message of a failure. */
  logEnd(): string;
  kill9(): Promise<void>;
  /** Sends a signal; see `exited`. */
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and its exit. */
  terminate(): Promise<AgentExit>;
  ledger(): Promise<readonly LedgerRow[]>;
  /** @returns status and body of /readyz */
  readiness(): Promise<{ status: number; text: string }>;
  /** Sum of the series of a metric that carry all the given labels; 0 when there are none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** The most memory it ever had resident, as the kernel counts it; undefined where there is no /proc. */
  peakResidentBytes(): number | undefined;
}

/** Writes agent.yaml. JSON is YAML, so that a configuration can be given as an object.
 *  @returns its path */
export function writeConfig(folder: string, config: object | string, name = 'agent.yaml'): string {
  const path = join(folder, name);
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config, undefined, 2));
  return path;
}

/** Of `vigie` with these arguments, for Node. */
export function vigieCommand(args: readonly string[]): readonly string[] {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: run \`npm ci\``);
  return [BINARY, ...args];
}

function agentEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, NODE_NAME: 'node-1', NODE_ENV: undefined, VITEST: undefined, ...extra };
}

/** Starts `vigie node-agent` on a free port and waits until it listens. */
export function startAgent(configPath: string, ...args: readonly string[]): Promise<AgentProcess> {
  return startAgentAs({}, configPath, ...args);
}

/** As startAgent, with these variables in its environment, as a pod has its name. */
export async function startAgentAs(
  environment: NodeJS.ProcessEnv,
  configPath: string,
  ...args: readonly string[]
): Promise<AgentProcess> {
  const child = spawnLeashed(
    process.execPath,
    vigieCommand(['node-agent', '--config', configPath, '--listen', '127.0.0.1:0', ...args]),
    { stdio: ['ignore', 'ignore', 'pipe'], env: agentEnvironment(environment) },
  );
  const { output, exited } = watch(child);
  const url = await until(
    'the agent to listen',
    START_TIMEOUT_MS,
    () => {
      const listening = /^listening on (http:\/\/\S+) \(http\)$/m.exec(output())?.[1];
      if (!listening && (child.exitCode !== null || child.signalCode !== null))
        throw new Impossible(`the agent ended:\n${output()}`);
      return listening;
    },
    output,
  );
  const endpoint = { url };
  return {
    pid: child.pid as number,
    url,
    exited,
    log: output,
    logEnd: () => `the agent's log ends:\n${output().slice(-LOG_END_CHARACTERS)}`,
    kill9: () => killLeashed(child),
    signal: (name) => {
      child.kill(name);
    },
    terminate: async () => {
      child.kill('SIGTERM');
      return await withinTime(exited, output);
    },
    ledger: async () => arrayAt(await ask(endpoint, 'GET', '/ledger')).map(ledgerRow),
    readiness: async () => {
      const { status, body } = await rest(endpoint, 'GET', '/readyz');
      return { status, text: typeof body === 'string' ? body : JSON.stringify(body) };
    },
    metric: async (name, labels = {}) => sumOfSeries(String(await ask(endpoint, 'GET', '/metrics')), name, labels),
    peakResidentBytes: () => peakResidentBytes(child.pid as number),
  };
}

function watch(child: ChildProcess): { output: () => string; exited: Promise<AgentExit> } {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const exited = new Promise<AgentExit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  return { output: () => text, exited };
}

async function withinTime(exited: Promise<AgentExit>, output: () => string): Promise<AgentExit> {
  let exit: AgentExit | undefined;
  exited.then((value) => {
    exit = value;
  });
  return await until(
    'the agent to exit',
    EXIT_TIMEOUT_MS,
    () => exit,
    () => output().slice(-LOG_END_CHARACTERS),
  );
}

function ledgerRow(row: unknown): LedgerRow {
  const number = (key: string): number => Number(at(row, key));
  const byReason = (key: string): Record<string, number> => ({ ...(at(row, key) as Record<string, number>) });
  return {
    source: String(at(row, 'source')),
    sink: String(at(row, 'sink')),
    readBytes: number('readBytes'),
    ackedBytes: number('ackedBytes'),
    inFlightBytes: number('inFlightBytes'),
    droppedBytes: byReason('droppedBytes'),
    lostBytes: byReason('lostBytes'),
    readRecords: number('readRecords'),
    ackedRecords: number('ackedRecords'),
  };
}

/** Sums the values of a metric in the text format. Label values with escapes or braces do not occur among those asked for. */
function sumOfSeries(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match?.[1] !== name) continue;
    const series = match[2] ?? '';
    if (Object.entries(labels).every(([label, value]) => series.includes(`${label}="${value}"`)))
      sum += Number(match[3]);
  }
  return sum;
}

function peakResidentBytes(pid: number): number | undefined {
  const status = `/proc/${pid}/status`;
  const kibibytes = existsSync(status) ? /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(status, 'utf8'))?.[1] : undefined;
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** The end of a command that ends by itself. */
export interface CommandResult extends AgentExit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `vigie ARGS` to its end, as a user types it: by npx, from the checkout. */
export async function runVigie(args: readonly string[], timeoutMs = 120_000): Promise<CommandResult> {
  const child = spawnLeashed('npx', ['vigie', ...args], {
    cwd: CHECKOUT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: agentEnvironment(),
  });
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  const { output, exited } = watch(child);
  let exit: AgentExit | undefined;
  exited.then((value) => {
    exit = value;
  });
  try {
    const { code, signal } = await until(
      `vigie ${args.join(' ')} to end`,
      timeoutMs,
      () => exit,
      () => output().slice(-LOG_END_CHARACTERS),
    );
    return { code, signal, stdout, stderr: output() };
  } finally {
    await killLeashed(child);
  }
}
