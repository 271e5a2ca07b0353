/** Plays scenarios by their seeds against the built agent, and makes of a failure a case that can be pasted. */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentProcess } from './agent-process.ts';
import { type ExecutionOptions, execute, type Outcome } from './execution.ts';
import { formatAction, generateScenario, type Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import { executeStream } from './stream/execution.ts';

export interface CampaignOptions {
  readonly seeds: readonly number[];
  /** Numbers of the actions to play, of each scenario; all where absent. */
  readonly keep?: readonly number[] | undefined;
  /** How long to look for a shorter case; 0 tells the first failure as it is, and leaves the folders of all behind. */
  readonly shrinkMs: number;
  /** Of every scenario what was done, and when. */
  readonly isVerbose: boolean;
  readonly tell: (line: string) => void;
  /** What is put to the torture. */
  readonly subject: Subject;
}

export interface Subject {
  /** The test that plays a case again. */
  readonly testFile: string;
  /** Plays a scenario against the built commands. */
  play(scenario: Scenario, bundle: string, how: Omit<ExecutionOptions, 'makeAgent'>): Promise<Outcome>;
}

export const NODE_AGENT: Subject = {
  testFile: 'test/torture/torture.test.ts',
  play: (scenario, bundle, how) =>
    execute(scenario, { ...how, makeAgent: (layout) => new AgentProcess(bundle, layout.config) }),
};

export const SIDECAR_STREAM: Subject = {
  testFile: 'test/torture/stream/torture.test.ts',
  play: (scenario, bundle, how) => executeStream(scenario, { ...how, bundle }),
};

const BUILT = fileURLToPath(new URL('../../packages/cli/dist', import.meta.url));
/** Two agents and their sinks keep two cores busy. */
const AT_ONCE = 2;
/** Four busy cores' worth of patience: nothing an agent does here takes it more than a second alone. */
const DEADLINE_MS = 20_000;
const SHRINK_DEADLINE_MS = 3_000;
const SHRINK_REPEATS = 2;

/** @returns what failed, with the command that plays it again; undefined where nothing did */
export async function runCampaign(options: CampaignOptions): Promise<string | undefined> {
  if (!existsSync(join(BUILT, 'vigie.cjs'))) throw new Error(`${BUILT} is empty: npm run build fills it`);
  // A copy: a build that is made meanwhile does not change the agent half way.
  const agent = mkdtempSync(join(tmpdir(), 'torture-agent-'));
  cpSync(BUILT, agent, { recursive: true });
  try {
    return await new Campaign(options, join(agent, 'vigie.cjs')).run();
  } finally {
    rmSync(agent, { recursive: true, force: true });
  }
}

interface Failure {
  readonly scenario: Scenario;
  readonly outcome: Outcome;
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #bundle: string;

  constructor(options: CampaignOptions, bundle: string) {
    this.#options = options;
    this.#bundle = bundle;
  }

  async run(): Promise<string | undefined> {
    const { seeds, keep, shrinkMs, isVerbose, tell } = this.#options;
    const failures: Failure[] = [];
    const total = { records: 0, bytes: 0, requests: 0 };
    const waiting = [...seeds];
    const work = async (): Promise<void> => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        const scenario = generateScenario(seed);
        const outcome = await this.#play(scenario, shrinkMs === 0, keep);
        total.records += outcome.records;
        total.bytes += outcome.bytes;
        total.requests += outcome.requests;
        if (isVerbose) tell(outcome.trace.join('\n'));
        if (outcome.violations.length === 0) continue;
        failures.push({ scenario, outcome });
        tell(`seed ${seed}: ${outcome.violations.join('\n')}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const { records, bytes, requests } = total;
    tell(`${seeds.length} scenarios, ${records} records, ${bytes} bytes, ${requests} requests or runs`);
    const [first] = failures;
    if (first === undefined) return undefined;
    const text =
      shrinkMs > 0
        ? await this.#shrunk(first)
        : this.#describe(first.scenario, keep ?? [...first.scenario.actions.keys()], first.outcome);
    return `failing seeds: ${failures.map(({ scenario }) => scenario.seed).join(', ')}\n${text}`;
  }

  #play(
    scenario: Scenario,
    keepFolder: boolean,
    numbers: readonly number[] | undefined,
    deadlineMs = DEADLINE_MS,
  ): Promise<Outcome> {
    return this.#options.subject.play(scenario, this.#bundle, {
      deadlineMs,
      keepFolder,
      ...(numbers === undefined ? {} : { keep: new Set(numbers) }),
    });
  }

  async #shrunk({ scenario, outcome }: Failure): Promise<string> {
    const endMs = performance.now() + this.#options.shrinkMs;
    const kinds = new Set(outcome.violations.map(kindOf));
    let latest = outcome;
    const numbers = await shrink(
      scenario.actions.length,
      async (tried) => {
        const result = await this.#play(scenario, false, tried, SHRINK_DEADLINE_MS);
        const same = result.violations.some((one) => kinds.has(kindOf(one)));
        if (same) latest = result;
        return same;
      },
      { repeats: SHRINK_REPEATS, isTimeUp: () => performance.now() > endMs },
    );
    return this.#describe(scenario, numbers, latest);
  }

  #describe(scenario: Scenario, numbers: readonly number[], outcome: Outcome): string {
    return describeCase(this.#options.subject.testFile, scenario, numbers, outcome);
  }
}

/** What to paste to see it again, and what it does. */
function describeCase(testFile: string, scenario: Scenario, numbers: readonly number[], outcome: Outcome): string {
  const { seed, settings, logs, actions } = scenario;
  const chosen = numbers.length === actions.length ? '' : ` VIGIE_TORTURE_KEEP=${numbers.join(',')}`;
  return [
    `VIGIE_TORTURE_SEED=${seed}${chosen} npx vitest run ${testFile}`,
    `settings ${JSON.stringify(settings)}`,
    ...logs.map((plan, number) => `log ${number} ${JSON.stringify(plan)}`),
    ...numbers.map((number) => `${number}: ${formatAction(actions[number]!)}`),
    ...outcome.violations,
    ...outcome.trace,
  ].join('\n');
}

function kindOf(violation: string): string {
  return violation.slice(0, violation.indexOf(':'));
}
