import { describe, expect, it } from 'vitest';
import { invalidParameter } from '../../src/api/api-error.ts';
import type { Provider, Providers } from '../../src/api/options.ts';
import { apiOver, querierOf } from './api-bed.ts';

describe('what nobody tells is empty, as in a Prometheus without it', () => {
  it.each([
    ['/targets', { activeTargets: [], droppedTargets: [], droppedTargetCounts: {} }],
    ['/targets?state=active&', { activeTargets: [], droppedTargets: [], droppedTargetCounts: null }],
    ['/targets/metadata?match_target={}&', []],
    ['/scrape_pools', { scrapePools: [] }],
    ['/rules', { groups: [] }],
    ['/alerts', { alerts: [] }],
    ['/alertmanagers', { activeAlertmanagers: [], droppedAlertmanagers: [] }],
    ['/status/config', { yaml: '' }],
    ['/status/flags', {}],
    ['/status/buildinfo', { version: '', revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' }],
    ['/status/runtimeinfo', expect.objectContaining({ storageRetention: '', reloadConfigSuccess: true })],
    ['/status/tsdb', expect.objectContaining({ seriesCountByMetricName: [] })],
  ])('%s', async (path, data) => {
    const { get } = await apiOver(querierOf({}));
    expect((await get(path)).json).toEqual({ status: 'success', data });
  });
});

describe('parameters reach whoever answers', () => {
  async function asked(path: string, providersOf: (provider: Provider<object>) => Providers): Promise<object> {
    const queries: object[] = [];
    const providers = providersOf((query) => {
      queries.push(query);
      return { told: '<yes>', nested: { list: [1, { a: null }] } };
    });
    const { get } = await apiOver(querierOf({}), { providers });
    const { json } = await get(path);
    expect(json).toEqual({ status: 'success', data: { told: '<yes>', nested: { list: [1, { a: null }] } } });
    return queries[0] ?? {};
  }

  it('of rules', async () => {
    const query =
      'type=Alert&rule_name[]=a&rule_name[]=b&rule_group[]=g&file[]=f&match[]={x="y"}&exclude_alerts=true&group_limit=5&group_next_token=t';
    expect(await asked(`/rules?${query}&`, (rules) => ({ rules }))).toEqual({
      type: 'alert',
      ruleNames: ['a', 'b'],
      ruleGroups: ['g'],
      files: ['f'],
      matcherSets: [[expect.objectContaining({ name: 'x', operator: '=', value: 'y' })]],
      excludeAlerts: true,
      groupLimit: 5,
      groupNextToken: 't',
    });
    expect(await asked('/rules', (rules) => ({ rules }))).toEqual({
      type: undefined,
      ruleNames: [],
      ruleGroups: [],
      files: [],
      matcherSets: [],
      excludeAlerts: false,
      groupLimit: undefined,
      groupNextToken: '',
    });
  });

  it.each([
    ['', { active: true, dropped: true, scrapePool: '' }],
    ['state=ANY&', { active: true, dropped: true, scrapePool: '' }],
    ['state=active&scrapePool=p&', { active: true, dropped: false, scrapePool: 'p' }],
    ['state=dropped&', { active: false, dropped: true, scrapePool: '' }],
    ['state=none&', { active: false, dropped: false, scrapePool: '' }],
  ])('of targets: %s', async (query, expected) => {
    expect(await asked(`/targets?${query}`, (targets) => ({ targets }))).toEqual(expected);
  });

  it('of the metadata of targets', async () => {
    const path = '/targets/metadata?match_target={job="a"}&metric=up&limit=2&';
    expect(await asked(path, (targetsMetadata) => ({ targetsMetadata }))).toEqual({
      matchers: [expect.objectContaining({ name: 'job', value: 'a' })],
      metric: 'up',
      limit: 2,
    });
  });

  it('of the status of the database', async () => {
    expect(await asked('/status/tsdb', (tsdb) => ({ status: { tsdb } }))).toEqual({ limit: 10 });
    expect(await asked('/status/tsdb?limit=3&', (tsdb) => ({ status: { tsdb } }))).toEqual({ limit: 3 });
  });
});

it('whoever answers may find a parameter wrong', async () => {
  const { get } = await apiOver(querierOf({}), {
    providers: {
      rules: () => {
        throw invalidParameter('group_next_token', "invalid group_next_token 't'. were rule groups changed?");
      },
    },
  });
  const { status, json } = await get('/rules?group_limit=1&group_next_token=t&');
  expect(status).toBe(400);
  expect(json).toEqual({
    status: 'error',
    errorType: 'bad_data',
    error: 'invalid parameter "group_next_token": invalid group_next_token \'t\'. were rule groups changed?',
  });
});
