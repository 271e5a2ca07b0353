import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentProcess } from './agent-process.ts';
import { execute, type Outcome } from './execution.ts';
import { formatAction, generateScenario, type Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';

const BUILT = fileURLToPath(new URL('../../packages/cli/dist', import.meta.url));
/** A copy: a build that is made meanwhile does not change the agent half way. */
const AGENT = mkdtempSync(join(tmpdir(), 'torture-agent-'));

/** The quick form, part of `npm test`: about a minute on two busy cores. */
const QUICK_SEEDS = 40;
/** Two agents and their sinks keep two cores busy. */
const AT_ONCE = 2;
/** Four busy cores' worth of patience: nothing an agent does here takes it more than a second alone. */
const DEADLINE_MS = 20_000;
/** How long to look for a shorter case; a single seed is only played. */
const SHRINK_MS =
  Number(process.env.VIGIE_TORTURE_SHRINK ?? (process.env.VIGIE_TORTURE_SEED === undefined ? 60 : 0)) * 1000;
const SHRINK_DEADLINE_MS = 3_000;
const SHRINK_REPEATS = 2;
/** A scenario that gets stuck takes DEADLINE_MS, and shrinking plays some dozens of them. */
const TEST_TIMEOUT_MS = 3_600_000;

const only = process.env.VIGIE_TORTURE_SEED;
const keep = process.env.VIGIE_TORTURE_KEEP;
const seeds =
  only === undefined
    ? Array.from({ length: Number(process.env.VIGIE_TORTURE_SEEDS ?? QUICK_SEEDS) }, (_, index) => index + 1)
    : only.split(',').map(Number);

function play(
  scenario: Scenario,
  keepFolder: boolean,
  numbers?: readonly number[],
  deadlineMs = DEADLINE_MS,
): Promise<Outcome> {
  return execute(scenario, {
    makeAgent: (layout) => new AgentProcess(join(AGENT, 'vigie.cjs'), layout.config),
    deadlineMs,
    keepFolder,
    ...(numbers === undefined ? {} : { keep: new Set(numbers) }),
  });
}

/** What to paste to see it again, and what it does. */
function describeCase(scenario: Scenario, numbers: readonly number[], outcome: Outcome): string {
  const { seed, settings, logs, actions } = scenario;
  const chosen = numbers.length === actions.length ? '' : ` VIGIE_TORTURE_KEEP=${numbers.join(',')}`;
  return [
    `VIGIE_TORTURE_SEED=${seed}${chosen} npx vitest run test/torture/torture.test.ts`,
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

async function shrunkCase(scenario: Scenario, outcome: Outcome): Promise<string> {
  const endMs = performance.now() + SHRINK_MS;
  const kinds = new Set(outcome.violations.map(kindOf));
  let latest = outcome;
  const numbers = await shrink(
    scenario.actions.length,
    async (tried) => {
      const result = await play(scenario, false, tried, SHRINK_DEADLINE_MS);
      const same = result.violations.some((one) => kinds.has(kindOf(one)));
      if (same) latest = result;
      return same;
    },
    { repeats: SHRINK_REPEATS, isTimeUp: () => performance.now() > endMs },
  );
  return describeCase(scenario, numbers, latest);
}

beforeAll(() => {
  if (!existsSync(join(BUILT, 'vigie.cjs'))) throw new Error(`${BUILT} is empty: npm run build fills it`);
  cpSync(BUILT, AGENT, { recursive: true });
});
afterAll(() => rmSync(AGENT, { recursive: true, force: true }));

describe('the node agent', () => {
  it(`loses nothing and balances its books in ${seeds.length} random scenarios`, {
    timeout: TEST_TIMEOUT_MS,
  }, async () => {
    const failed: { readonly scenario: Scenario; readonly outcome: Outcome }[] = [];
    const total = { records: 0, bytes: 0, requests: 0 };
    const waiting = [...seeds];
    const work = async (): Promise<void> => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        const scenario = generateScenario(seed);
        const outcome = await play(scenario, only !== undefined && SHRINK_MS === 0, keep?.split(',').map(Number));
        total.records += outcome.records;
        total.bytes += outcome.bytes;
        total.requests += outcome.requests;
        if (seeds.length === 1) console.info(outcome.trace.join('\n'));
        if (outcome.violations.length === 0) continue;
        failed.push({ scenario, outcome });
        console.error(`seed ${seed}: ${outcome.violations.join('\n')}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    console.info(
      `${seeds.length} scenarios, ${total.records} records, ${total.bytes} bytes, ${total.requests} bulk requests`,
    );
    const [first] = failed;
    if (first === undefined) return;
    const names = failed.map(({ scenario }) => scenario.seed).join(', ');
    const text =
      SHRINK_MS > 0
        ? await shrunkCase(first.scenario, first.outcome)
        : describeCase(
            first.scenario,
            keep?.split(',').map(Number) ?? [...first.scenario.actions.keys()],
            first.outcome,
          );
    expect.fail(`failing seeds: ${names}\n${text}`);
  });
});
