/** Asks both servers every query, in turn, so that what disturbs one disturbs the other. Before that each is asked once, for its
 *  answer to be compared, and some rounds more, so that code and caches are as in a server that has run for a while: a rule that is
 *  evaluated every 30 s has been asked as often within five minutes. What the very first one took is in the results too. */

import { type ApiAnswer, decodeAnswer } from '../../test/promql/api-answer.ts';
import { firstDifference } from '../../test/promql/differences.ts';
import { progress } from '../harness/context.ts';
import { median } from '../harness/statistics.ts';
import { send } from './http.ts';
import { type BenchQuery, QUERIES } from './queries.ts';
import type { Server } from './servers.ts';

export interface QueryTimesPlan {
  /** Of the newest scrape, Unix ms. */
  readonly endMs: number;
  /** That there are samples of. */
  readonly minutes: number;
  readonly runs: number;
}

export interface QueryFigures {
  readonly name: string;
  readonly query: string;
  readonly isRange: boolean;
  /** Of the answer. */
  readonly series: number;
  readonly bytes: number;
  readonly prometheusMs: number;
  readonly vigieMs: number;
  readonly ratio: number;
  /** Of a server that was never asked before. */
  readonly prometheusFirstMs: number;
  readonly vigieFirstMs: number;
  readonly prometheusRunsMs: readonly number[];
  readonly vigieRunsMs: readonly number[];
  /** Undefined where the answers are equal. */
  readonly difference: string | undefined;
}

interface Compared extends BenchQuery {
  readonly path: string;
  readonly series: number;
  readonly bytes: number;
  readonly prometheusFirstMs: number;
  readonly vigieFirstMs: number;
  readonly difference: string | undefined;
}

/** Points of a panel. */
const STEPS = 60;
/** Of all queries, before they are measured. */
const WARM_UP_ROUNDS = 10;

export async function measureQueries(
  prometheus: Server,
  vigie: Server,
  plan: QueryTimesPlan,
): Promise<readonly QueryFigures[]> {
  const compared: Compared[] = [];
  for (const query of QUERIES) {
    const path = pathOf(query, plan);
    const [expected, actual] = [await ask(prometheus, path), await ask(vigie, path)];
    const series = expected.answer.status === 'success' ? expected.answer.series.length : 0;
    const difference = firstDifference(expected.answer, actual.answer);
    const firsts = { prometheusFirstMs: expected.ms, vigieFirstMs: actual.ms };
    compared.push({ ...query, path, series, bytes: expected.bytes, ...firsts, difference });
  }
  progress('answers compared');
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    for (const { path } of compared) for (const server of [prometheus, vigie]) await ask(server, path);
  }
  progress('warmed up');
  const figures: QueryFigures[] = [];
  for (const { path, ...query } of compared) {
    const runs: Readonly<Record<'prometheus' | 'vigie', number[]>> = { prometheus: [], vigie: [] };
    for (let run = 0; run < plan.runs; run++) {
      runs.prometheus.push((await ask(prometheus, path)).ms);
      runs.vigie.push((await ask(vigie, path)).ms);
    }
    const [prometheusMs, vigieMs] = [median(runs.prometheus), median(runs.vigie)];
    figures.push({
      ...query,
      prometheusMs,
      vigieMs,
      ratio: vigieMs / prometheusMs,
      prometheusRunsMs: runs.prometheus,
      vigieRunsMs: runs.vigie,
    });
    progress(
      `${query.name}: ${prometheusMs.toFixed(1)} and ${vigieMs.toFixed(1)} ms${query.difference ? `, ${query.difference}` : ''}`,
    );
  }
  return figures;
}

function pathOf({ query, isRange }: BenchQuery, { endMs, minutes }: QueryTimesPlan): string {
  const end = String(endMs / 1000);
  if (!isRange) return `/api/v1/query?${new URLSearchParams({ query, time: end })}`;
  const seconds = Math.min(3_600, minutes * 45);
  const step = seconds / STEPS;
  const start = String(endMs / 1000 - seconds);
  return `/api/v1/query_range?${new URLSearchParams({ query, start, end, step: String(step) })}`;
}

async function ask(server: Server, path: string): Promise<{ answer: ApiAnswer; bytes: number; ms: number }> {
  const { body, ms } = await send(server.apiUrl + path, 'GET', {});
  return { answer: decodeAnswer(JSON.parse(body.toString())), bytes: body.length, ms };
}
