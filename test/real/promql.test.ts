/** PromQL beside Prometheus: the same series written to both, the same questions asked, the same answers. */
import { seededRandom } from '@vigie/core/random';
import { describe, expect, test } from 'vitest';
import { type ApiAnswer, decodeAnswer } from '../promql/api-answer.ts';
import { firstDifference, firstDifferenceInKind, firstDifferenceInOrder } from '../promql/differences.ts';
import { type QueryCase, randomCase, requestOf } from '../promql/random-case.ts';
import { damagedQuery } from '../promql/random-query.ts';
import { randomSeries } from '../promql/random-series.ts';
import { reproduction } from '../promql/reproduction.ts';
import { serveVigie, type VigieServer } from '../promql/vigie-server.ts';
import { type RandomSeries, writeRequests } from '../promql/written-series.ts';
import { inForm } from './form.ts';
import { temporaryFolder } from './leash.ts';
import { type RealPrometheus, startPrometheus } from './parts/prometheus.ts';
import { progress } from './progress.ts';
import { fixedSeed } from './seeded.ts';

const QUERIES = inForm(1_000, 5_000);
/** Series are made anew for each round, and both sides begin with nothing. */
const QUERIES_OF_A_ROUND = 250;
/** Of more, the first ones are shown. */
const MOST_SHOWN = 20;
/** A fixed time, so that a case that is printed stays one: 2026-01-01 in UTC. */
const PLAN = { fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2026, 0, 1, 1) };

const DAY_MS = 86_400_000;

interface Pair {
  readonly prometheus: RealPrometheus;
  readonly vigie: VigieServer;
}

async function startPair(series: readonly RandomSeries[]): Promise<Pair> {
  const prometheus = await startPrometheus();
  const folder = temporaryFolder('promql');
  const vigie = await serveVigie(folder, { outOfOrderWindowMs: DAY_MS, retentionMs: Number.POSITIVE_INFINITY });
  for (const body of writeRequests(series)) for (const { url } of [prometheus, vigie]) await write(url, body);
  return { prometheus, vigie };
}

async function write(url: string, body: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
  const answer = await fetch(`${url}/api/v1/write`, { method: 'POST', headers, body });
  if (answer.status !== 204) throw new Error(`${url} took no samples: ${answer.status} ${await answer.text()}`);
}

async function ask({ url }: { readonly url: string }, one: QueryCase): Promise<ApiAnswer> {
  const answer = await fetch(url + requestOf(one));
  return decodeAnswer(await answer.json());
}

/** Prometheus goes through the series of some range queries in an order of chance, in which sums differ in their last bits and
 *  equal values win: what it answers once of a few times counts. */
const MOST_QUESTIONS = 20;

type Compare = (expected: ApiAnswer, actual: ApiAnswer) => string | undefined;

async function differenceOf(
  { prometheus, vigie }: Pair,
  one: QueryCase,
  compare: Compare,
): Promise<string | undefined> {
  const actual = await ask(vigie, one);
  let difference: string | undefined;
  for (let question = 0; question < MOST_QUESTIONS; question++) {
    difference = compare(await ask(prometheus, one), actual);
    if (difference === undefined) return undefined;
  }
  return difference;
}

/** @returns cases to paste, of what both sides answer otherwise */
async function differencesOf(
  seed: number,
  queries: number,
  makeCase: (random: () => number) => QueryCase,
  compare: Compare,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let round = 0; round * QUERIES_OF_A_ROUND < queries; round++) {
    const roundSeed = seed + round;
    const random = seededRandom(roundSeed);
    const series = randomSeries(random, PLAN);
    const pair = await startPair(series);
    try {
      for (let count = 0; count < QUERIES_OF_A_ROUND; count++) {
        const one = makeCase(random);
        const isSorted = compare === firstDifference && one.stepMs === 0 && /^sort(_desc)?\([^()]*\)$/.test(one.query);
        const difference = await differenceOf(pair, one, isSorted ? firstDifferenceInOrder : compare);
        if (difference === undefined) continue;
        found.push(`seed ${roundSeed}: ${difference}\n${reproduction(one, series)}`);
      }
    } finally {
      await Promise.all([pair.prometheus.stop(), pair.vigie.close()]);
    }
    progress(`${(round + 1) * QUERIES_OF_A_ROUND} queries asked, ${found.length} answered otherwise`);
  }
  return found;
}

function expectNone(found: readonly string[]): void {
  expect(found.length, found.slice(0, MOST_SHOWN).join('\n\n')).toBe(0);
}

describe('PromQL', () => {
  const seed = fixedSeed();

  test(`answers ${QUERIES} random queries as Prometheus does, seed ${seed}`, async () => {
    expectNone(await differencesOf(seed, QUERIES, (random) => randomCase(random, PLAN), firstDifference));
  });

  test(`refuses damaged queries as Prometheus does, seed ${seed}`, async () => {
    const damaged = (random: () => number): QueryCase => ({
      ...randomCase(random, PLAN),
      query: damagedQuery(random),
    });
    expectNone(await differencesOf(seed, QUERIES / 2, damaged, firstDifferenceInKind));
  });
});
