/** What there is to query: series, labels and their values, metadata, exemplars. Source: Prometheus, web/api/v1/api.go. */
import type { Clock } from '@vigie/core/clock';
import type { Matcher } from '../labels/matcher.ts';
import type { Labels, MetricMetadata, Querier, SeriesExemplars } from '../storage/querier.ts';
import { parseExpr } from '../syntax/parse.ts';
import { walkExpr } from '../syntax/walk.ts';
import { badData, invalidParameter } from './api-error.ts';
import { countQuery } from './count-query.ts';
import { jsonFloat, jsonLabels, jsonString, jsonText, jsonTime } from './json-text.ts';
import { unescapeName } from './label-name.ts';
import { integerParameter, limitParameter, matcherSets, timeRange } from './parameters.ts';
import type { QueryCounts } from './query-counts.ts';
import { CUT_WARNING } from './query-routes.ts';
import type { ApiHandler } from './request.ts';
import { answerPieces, labelPieces, listPieces, NO_NOTES, type Pieces, stringPieces } from './result-pieces.ts';

export interface SeriesRouteDeps {
  readonly querier: Querier;
  readonly counts: QueryCounts;
  readonly clock: Clock;
  readonly experimental: boolean;
}

export function labelNamesRoute(deps: SeriesRouteDeps): ApiHandler {
  return ({ parameters, signal }) =>
    countQuery('labels', deps, signal, async () => {
      const limit = limitParameter(parameters);
      const range = timeRange(parameters);
      const query = { matcherSets: matcherSets(parameters), range, limit: oneMore(limit) };
      return labelsAnswer(await deps.querier.labelNames(query, signal), limit);
    });
}

/** The rest of the path is `NAME/values`. */
export function labelValuesRoute(deps: SeriesRouteDeps): ApiHandler {
  return ({ parameters, rest, signal }) =>
    countQuery('labels', deps, signal, async () => {
      const name = unescapeName(rest.slice(0, -LABEL_VALUES_SUFFIX.length));
      if (name === '') throw badData('invalid label name: ""');
      const limit = limitParameter(parameters);
      const range = timeRange(parameters);
      const query = { matcherSets: matcherSets(parameters), range, limit: oneMore(limit) };
      return labelsAnswer(await deps.querier.labelValues(name, query, signal), limit);
    });
}

export const LABEL_VALUES_SUFFIX = '/values';

export function seriesRoute(deps: SeriesRouteDeps): ApiHandler {
  return ({ parameters, signal }) =>
    countQuery('series', deps, signal, async () => {
      if (parameters.all('match[]').length === 0) throw badData('no match[] parameter provided');
      const limit = limitParameter(parameters);
      const range = timeRange(parameters);
      const sets = matcherSets(parameters, (reason) => invalidParameter('match[]', reason));
      const query = { matcherSets: sets, range, limit: oneMore(limit) };
      const { series, warnings } = await deps.querier.series(query, signal);
      const isCut = limit !== undefined && series.length > limit;
      const found = (isCut ? series.slice(0, limit) : series).map(({ labels }) => labels);
      return answerPieces(labelPieces(found), { warnings: isCut ? [...warnings, CUT_WARNING] : warnings, infos: [] });
    });
}

export function metadataRoute(deps: SeriesRouteDeps): ApiHandler {
  return ({ parameters, signal }) =>
    countQuery('metadata', deps, signal, async () => {
      const limit = integerParameter(parameters, 'limit', 'limit must be a number');
      const perMetric = integerParameter(parameters, 'limit_per_metric', 'limit_per_metric must be a number');
      const metric = parameters.get('metric');
      const found = await deps.querier.metadata(
        {
          metric: metric === '' ? undefined : metric,
          limit: limit === undefined || limit < 0 ? undefined : limit,
          limitPerMetric: perMetric === undefined || perMetric <= 0 ? undefined : perMetric,
        },
        signal,
      );
      return answerPieces(metadataPieces(found), NO_NOTES);
    });
}

export function exemplarsRoute(deps: SeriesRouteDeps): ApiHandler {
  return ({ parameters, signal }) =>
    countQuery('exemplars', deps, signal, async () => {
      const range = timeRange(parameters);
      if (range.toMs < range.fromMs) throw badData('end timestamp must not be before start timestamp');
      const expr = parseExpr(parameters.get('query'), { experimental: deps.experimental });
      const selectors: (readonly Matcher[])[] = [];
      walkExpr(expr, (part) => {
        if (part.kind === 'vector') selectors.push(part.matchers);
      });
      if (selectors.length === 0) return undefined;
      const found = await deps.querier.exemplars({ matcherSets: selectors, range, limit: undefined }, signal);
      return answerPieces(listPieces(exemplarTexts(found)), NO_NOTES);
    });
}

/** So that it shows whether the limit cuts anything. */
function oneMore(limit: number | undefined): number | undefined {
  return limit === undefined ? undefined : limit + 1;
}

function labelsAnswer({ values, warnings }: Labels, limit: number | undefined): Pieces {
  const isCut = limit !== undefined && values.length > limit;
  return answerPieces(stringPieces(isCut ? values.slice(0, limit) : values), {
    warnings: isCut ? [...warnings, CUT_WARNING] : warnings,
    infos: [],
  });
}

function* metadataPieces(found: readonly MetricMetadata[]): Generator<string> {
  const byMetric = new Map<string, object[]>();
  for (const { metric, type, unit, help } of found) {
    const list = byMetric.get(metric) ?? [];
    list.push({ type, unit, help });
    byMetric.set(metric, list);
  }
  let separator = '';
  yield '{';
  for (const [metric, list] of byMetric) {
    yield `${separator}${jsonString(metric)}:${jsonText(list)}`;
    separator = ',';
  }
  yield '}';
}

function* exemplarTexts(found: readonly SeriesExemplars[]): Generator<string> {
  for (const { labels, exemplars } of found) {
    const texts = exemplars.map(
      (exemplar) =>
        `{"labels":${jsonLabels(exemplar.labels)},"value":"${jsonFloat(exemplar.value)}","timestamp":${jsonTime(exemplar.timestampMs)}}`,
    );
    yield `{"seriesLabels":${jsonLabels(labels)},"exemplars":[${texts.join(',')}]}`;
  }
}
