/** `vigie hpa simulate`: recorded metrics through the algorithm of the HPA controller. */
import { readFile } from 'node:fs/promises';
import type { ControllerOptions, HpaSpec, MetricSpec } from '@vigie/collector/hpa/hpa-spec';
import { CONTROLLER_DEFAULTS } from '@vigie/collector/hpa/hpa-spec';
import { quantityMilli } from '@vigie/collector/hpa/quantity-milli';
import { type RecordedLoad, simulate, summarize } from '@vigie/collector/hpa/simulate';
import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import * as v from 'valibot';
import { type ApiServer, openAnswer, parseJson, readText } from '../api-client/open-answer.ts';
import { decodeAnswer } from '../query/answer.ts';
import { METRICS_PREFIXES } from '../query/ask-prometheus.ts';
import { queryRequest } from '../query/request.ts';
import type { Terminal } from '../query/run-query.ts';
import { paintFor, plain } from '../terminal/style.ts';
import { askExplain, hpaName } from './ask-explain.ts';
import { hpaVariants } from './hpa-variants.ts';
import { loadQuery, metricKey } from './load-queries.ts';
import { type LoadsByName, parseLoads } from './recorded-load.ts';
import { type SimulatedVariant, simulationCsv, simulationText } from './simulation-text.ts';

export interface SimulationRequest {
  /** A manifest, or an HPA that the collector knows. */
  readonly of: { readonly kind: 'file'; readonly file: string } | { readonly kind: 'hpa'; readonly hpa: string };
  readonly set: readonly string[];
  /** Of recorded metrics; undefined: the server is asked. */
  readonly metrics: string | undefined;
  readonly server: ApiServer;
  readonly start: string;
  readonly end: string | undefined;
  /** `METRIC=PROMQL` */
  readonly query: readonly string[];
  /** `cpu=250m` */
  readonly request: readonly string[];
  readonly replicas: number | undefined;
  readonly podStartMs: number;
  readonly controller: Partial<ControllerOptions>;
  readonly output: 'text' | 'csv' | 'json';
}

const MAX_ANSWER_BYTES = 64 * 1024 ** 2;
/** Prometheus answers no more. */
const MAX_POINTS = 11_000;
const DEFAULT_COLUMNS = 80;
const CHART_ROWS = 12;

/** @throws {VigieError} CONFIG_INVALID, API_UNREACHABLE, EXPLAIN_REFUSED, QUERY_REFUSED */
export async function runSimulation(
  request: SimulationRequest,
  terminal: Terminal,
  version: string,
  nowMs: number,
): Promise<ExitCode> {
  const { text, name } = await manifestOf(request, version);
  const variants = hpaVariants(text, name, request.set);
  const options = { ...CONTROLLER_DEFAULTS, ...request.controller };
  const requests = requestsOf(request.request);
  for (const { hpa } of variants) checkRequests(hpa, requests);
  const [first] = variants;
  if (first === undefined) return 0;
  const loads = await loadsOf(first.hpa, request, options, version, nowMs);
  const results = variants.map(({ name, hpa }): SimulatedVariant => {
    const simulation = {
      hpa,
      loads: hpa.metrics.map((spec) => loadOf(spec, loads)),
      ...spanOf(loads),
      replicas: request.replicas ?? hpa.minReplicas,
      podStartMs: request.podStartMs,
      requests,
      options,
    };
    const rounds = simulate(simulation);
    return { name, rounds, summary: summarize(rounds, simulation) };
  });
  for (const line of linesOf(results, request, options, terminal)) terminal.stdout.write(`${line}\n`);
  return 0;
}

async function manifestOf(
  { of, server }: SimulationRequest,
  version: string,
): Promise<{ readonly text: string; readonly name: string }> {
  if (of.kind === 'file') return { text: await readFileText(of.file), name: of.file };
  const asked = { path: '/explain/manifest', parameters: new URLSearchParams({ hpa: hpaName(of.hpa) }) };
  const { text } = await askExplain(server, asked, v.looseObject({ spec: v.looseObject({}) }), version);
  return { text, name: of.hpa };
}

function linesOf(
  results: readonly SimulatedVariant[],
  { output }: SimulationRequest,
  { syncPeriodMs }: ControllerOptions,
  { stdout, env }: Terminal,
): readonly string[] {
  if (output === 'csv') return simulationCsv(results);
  if (output === 'json') {
    const plainResults = results.map(({ name, rounds, summary }) => ({
      name,
      summary,
      replicas: rounds.map(({ timestampMs, replicas }) => [timestampMs / 1000, replicas]),
    }));
    return [JSON.stringify(plainResults)];
  }
  const paint = stdout.isTTY === true ? paintFor(env) : plain;
  const columns = stdout.columns ?? DEFAULT_COLUMNS;
  return simulationText(results, syncPeriodMs, { columns, rows: CHART_ROWS, isColoured: paint !== plain, paint });
}

function loadOf(spec: MetricSpec, loads: LoadsByName): RecordedLoad {
  const own = loads.get(metricKey(spec));
  if (own !== undefined) return own;
  throw invalid(`there is no recorded metric ${metricKey(spec)}: there are ${[...loads.keys()].join(', ')}`);
}

function spanOf(loads: LoadsByName): { readonly fromMs: number; readonly toMs: number } {
  const ends = [...loads.values()].flatMap(({ points }) => [points[0], points.at(-1)]);
  const times = ends.flatMap((point) => (point === undefined ? [] : [point.timestampMs]));
  if (times.length === 0) throw invalid('the recorded metrics have no values');
  return { fromMs: Math.min(...times), toMs: Math.max(...times) };
}

async function loadsOf(
  hpa: HpaSpec,
  request: SimulationRequest,
  { syncPeriodMs }: ControllerOptions,
  version: string,
  nowMs: number,
): Promise<LoadsByName> {
  if (request.metrics !== undefined) return parseLoads(await readFileText(request.metrics), request.metrics);
  const queries = new Map(request.query.map(pairOf('--query', 'METRIC=PROMQL')));
  const loads = new Map<string, RecordedLoad>();
  for (const spec of hpa.metrics) {
    const promql = queries.get(metricKey(spec)) ?? loadQuery(hpa, spec);
    const asked = queryRequest(promql, { start: request.start, ...(request.end && { end: request.end }) }, nowMs);
    if (asked.type !== 'range') continue;
    const { startMs, endMs } = asked.range;
    const stepMs = Math.max(syncPeriodMs, Math.ceil((endMs - startMs) / MAX_POINTS));
    loads.set(metricKey(spec), await askLoad(promql, { startMs, endMs, stepMs }, request.server, version));
  }
  return loads;
}

async function askLoad(
  promql: string,
  range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  server: ApiServer,
  version: string,
): Promise<RecordedLoad> {
  const { response, origin } = await openAnswer(server, METRICS_PREFIXES, {
    kind: 'server',
    path: '/api/v1/query_range',
    parameters: new URLSearchParams({
      query: promql,
      start: String(range.startMs / 1000),
      end: String(range.endMs / 1000),
      step: String(range.stepMs / 1000),
    }),
    method: 'POST',
    userAgent: `vigie/${version} hpa`,
  });
  const text = await readText(response, MAX_ANSWER_BYTES);
  const answer = text === undefined ? undefined : decodeAnswer(parseJson(text));
  if (answer === undefined)
    throw refused(`${origin} answers ${response.statusCode}: expected an answer of Prometheus' API`);
  if (answer.status === 'error') throw refused(`${origin} answers ${answer.error} to ${promql}`);
  const series = 'series' in answer.result ? answer.result.series : [];
  const [only] = series;
  if (only === undefined)
    throw refused(`${origin} has nothing for ${promql}: --query METRIC=PROMQL says where the load is`);
  if (series.length > 1) throw refused(`${promql} gives ${series.length} series: expected one, the sum over all pods`);
  return { points: only.samples.map(({ timestampMs, value }) => ({ timestampMs, value: Number(value) })) };
}

function requestsOf(written: readonly string[]): Readonly<Record<string, number>> {
  const requests: Record<string, number> = {};
  for (const [resource, text] of written.map(pairOf('--request', 'RESOURCE=QUANTITY'))) {
    const milli = quantityMilli(text);
    if (milli === undefined || milli <= 0)
      throw invalid(`--request: expected a quantity such as 250m or 1Gi, got ${text}`);
    requests[resource] = milli;
  }
  return requests;
}

function checkRequests({ metrics }: HpaSpec, requests: Readonly<Record<string, number>>): void {
  for (const spec of metrics) {
    if (spec.target.type !== 'utilization' || (spec.type !== 'resource' && spec.type !== 'container_resource'))
      continue;
    if (requests[spec.resource] !== undefined) continue;
    const { resource } = spec;
    throw invalid(`the target is in per cent of what a pod requests: --request ${resource}=250m says how much that is`);
  }
}

function pairOf(option: string, form: string): (text: string) => readonly [string, string] {
  return (text) => {
    const at = text.indexOf('=');
    if (at <= 0) throw invalid(`${option}: expected ${form}, got ${text}`);
    return [text.slice(0, at), text.slice(at + 1)];
  };
}

async function readFileText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new VigieError('CONFIG_UNREADABLE', `cannot read ${file}`, { cause: error });
  }
}

function invalid(message: string): VigieError {
  return new VigieError('CONFIG_INVALID', message);
}

function refused(message: string): VigieError {
  return new VigieError('QUERY_REFUSED', message);
}
