/** What the program tells about itself: targets, rules, alerts, status. The parameters are read here, the answers are made
 *  where the things are; what is nowhere is empty, as in a Prometheus without it. Source: Prometheus, web/api/v1/api.go. */
import { parseGoBoolean } from '@vigie/core/go-boolean';
import { quoteGo } from '@vigie/core/go-quote';
import { badData, invalidParameter } from './api-error.ts';
import type { NoParameters, Provider, Providers, RulesQuery, TargetsMetadataQuery, TargetsQuery } from './options.ts';
import { integerParameter, matcherSets, type Parameters, parseInteger, readSelector } from './parameters.ts';
import type { ApiHandler } from './request.ts';
import { answerPieces, dataPieces, NO_NOTES } from './result-pieces.ts';

/** By path below `/api/v1`; all are GET. */
export function statusRoutes(providers: Providers): Readonly<Record<string, ApiHandler>> {
  const status = providers.status ?? {};
  return {
    '/targets': told(providers.targets, targetsQuery, noTargets),
    '/targets/metadata': told(providers.targetsMetadata, targetsMetadataQuery, () => []),
    '/scrape_pools': told(providers.scrapePools, noParameters, () => ({ scrapePools: [] })),
    '/rules': told(providers.rules, rulesQuery, noRules),
    '/alerts': told(providers.alerts, noParameters, () => ({ alerts: [] })),
    '/alertmanagers': told(providers.alertmanagers, noParameters, () => ({
      activeAlertmanagers: [],
      droppedAlertmanagers: [],
    })),
    '/status/buildinfo': told(status.buildinfo, noParameters, () => NO_BUILD),
    '/status/config': told(status.config, noParameters, () => ({ yaml: '' })),
    '/status/flags': told(status.flags, noParameters, () => ({})),
    '/status/runtimeinfo': told(status.runtimeinfo, noParameters, () => NO_RUNTIME),
    '/status/tsdb': told(status.tsdb, tsdbQuery, () => NO_TSDB),
  };
}

const NO_BUILD = { version: '', revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' };
/** How Go writes a time that is none. */
const NO_TIME = '0001-01-01T00:00:00Z';
const NO_RUNTIME = {
  startTime: NO_TIME,
  CWD: '',
  hostname: '',
  serverTime: NO_TIME,
  reloadConfigSuccess: true,
  lastConfigTime: NO_TIME,
  corruptionCount: 0,
  goroutineCount: 0,
  GOMAXPROCS: 0,
  GOMEMLIMIT: 0,
  GOGC: '',
  GODEBUG: '',
  storageRetention: '',
};
const NO_TSDB = {
  headStats: { numSeries: 0, numLabelPairs: 0, chunkCount: 0, minTime: 0, maxTime: 0 },
  seriesCountByMetricName: [],
  labelValueCountByLabelName: [],
  memoryInBytesByLabelName: [],
  seriesCountByLabelValuePair: [],
};

/** @param empty the data where nobody provides any */
function told<Query>(
  provider: Provider<Query> | undefined,
  read: (parameters: Parameters) => Query,
  empty: (query: Query) => object,
): ApiHandler {
  return async ({ parameters, signal }) => {
    const query = read(parameters);
    return answerPieces(dataPieces((await provider?.(query, signal)) ?? empty(query)), NO_NOTES);
  };
}

function noTargets({ dropped }: TargetsQuery): object {
  return { activeTargets: [], droppedTargets: [], droppedTargetCounts: dropped ? {} : null };
}

function noRules({ groupNextToken }: RulesQuery): object {
  if (groupNextToken === '') return { groups: [] };
  throw invalidParameter('group_next_token', `invalid group_next_token '${groupNextToken}'. were rule groups changed?`);
}

function noParameters(): NoParameters {
  return {};
}

function targetsQuery(parameters: Parameters): TargetsQuery {
  const state = parameters.get('state').toLowerCase();
  const isAny = state === '' || state === 'any';
  return {
    active: isAny || state === 'active',
    dropped: isAny || state === 'dropped',
    scrapePool: parameters.get('scrapePool'),
  };
}

function targetsMetadataQuery(parameters: Parameters): TargetsMetadataQuery {
  const limit = integerParameter(parameters, 'limit', 'limit must be a number');
  const selector = parameters.get('match_target');
  const matchers = selector === '' ? [] : readSelector(selector);
  if (typeof matchers === 'string') throw invalidParameter('match_target', matchers);
  return { matchers, metric: parameters.get('metric'), limit: limit === undefined || limit < 0 ? undefined : limit };
}

function tsdbQuery(parameters: Parameters): { readonly limit: number } {
  const reason = 'limit must be a positive number';
  const limit = integerParameter(parameters, 'limit', reason) ?? 10;
  if (limit < 1) throw badData(reason);
  return { limit };
}

function rulesQuery(parameters: Parameters): RulesQuery {
  const sets = matcherSets(parameters);
  const type = parameters.get('type').toLowerCase();
  if (type !== '' && type !== 'alert' && type !== 'record') {
    throw invalidParameter('type', `not supported value ${quoteGo(type)}`);
  }
  return {
    type: type === '' ? undefined : type,
    ruleNames: parameters.all('rule_name[]'),
    ruleGroups: parameters.all('rule_group[]'),
    files: parameters.all('file[]'),
    matcherSets: sets,
    excludeAlerts: excludeAlertsParameter(parameters),
    ...pageParameters(parameters),
  };
}

function excludeAlertsParameter(parameters: Parameters): boolean {
  const text = parameters.get('exclude_alerts').toLowerCase();
  if (text === '') return false;
  const value = parseGoBoolean(text);
  if (value !== undefined) return value;
  throw invalidParameter(
    'exclude_alerts',
    `error converting exclude_alerts: strconv.ParseBool: parsing ${quoteGo(text)}: invalid syntax`,
  );
}

function pageParameters(parameters: Parameters): Pick<RulesQuery, 'groupLimit' | 'groupNextToken'> {
  const limitText = parameters.get('group_limit');
  const groupNextToken = parameters.get('group_next_token');
  if (limitText === '') {
    if (groupNextToken === '') return { groupLimit: undefined, groupNextToken };
    throw invalidParameter('group_next_token', 'group_limit needs to be present in order to paginate over the groups');
  }
  const groupLimit = parseInteger(limitText);
  if (typeof groupLimit === 'string') {
    throw invalidParameter('group_limit', `group_limit needs to be a valid number: strconv.ParseInt: ${groupLimit}`);
  }
  if (groupLimit <= 0) throw invalidParameter('group_limit', 'group_limit needs to be greater than 0');
  return { groupLimit, groupNextToken };
}
