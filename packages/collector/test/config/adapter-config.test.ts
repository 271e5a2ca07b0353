import { describe, expect, it } from 'vitest';
import { problemsOf } from './written-config.ts';

describe('rules of prometheus-adapter that are wrong', () => {
  const rules = [
    'rules:',
    "  - { seriesQuery: 'hits{', metricsQuery: '' }",
    '  - seriesQuery: hits',
    "    seriesFilters: [{ is: a, isNot: b }, { isNot: '(x' }]",
    "    resources: { template: 'kube_<<.Group>>' }",
    "    name: { matches: '(a)(b)' }",
    "    metricsQuery: 'sum(<<.Series)'",
    'externalRules:',
    "  - { seriesQuery: q, metricsQuery: q, name: { matches: '(x' } }",
    'resourceRules:',
    '  cpu: { containerQuery: c, resources: { overrides: { pod: { resource: pod } } } }',
  ];
  const flaws: readonly (readonly [place: string, path: string, expected: string])[] = [
    ['2:5', 'rules[0].resources', 'a template or overrides that say which label is which resource'],
    ['2:20', 'rules[0].seriesQuery', 'a selector of series ('],
    ['2:43', 'rules[0].metricsQuery', 'the template of a query'],
    ['4:21', 'rules[1].seriesFilters[0]', 'either is or isNot'],
    ['4:51', 'rules[1].seriesFilters[1].isNot', 'a regular expression (error parsing regexp: missing closing ): `(x`)'],
    ['5:28', 'rules[1].resources.template', 'a template of labels (expected <<.Resource>> in it)'],
    ['6:11', 'rules[1].name.as', 'a name, for matches has several groups'],
    ['7:19', 'rules[1].metricsQuery', 'the template of a query (template: '],
    ['9:57', 'externalRules[0].name.matches', 'a regular expression (error parsing regexp: missing closing ): `(x`)'],
    ['11:3', 'resourceRules.memory.containerQuery', 'the template of a query'],
    ['11:3', 'resourceRules.memory.resources', 'a template or overrides'],
  ];

  it.each([
    [
      'in a file of their own',
      'adapter: {file: adapter.yaml}',
      { 'adapter.yaml': rules.join('\n') },
      'adapter.yaml',
      '',
    ],
    ['inline', ['adapter:', ...rules.map((line) => `  ${line}`)].join('\n'), {}, 'prometheus.yml', 'adapter.'],
  ] as const)('are all refused when they are read, %s', async (_where, yaml, files, file, prefix) => {
    const problems = await problemsOf(yaml, files);
    const shift = prefix === '' ? 0 : 1;
    const expected = flaws.map(([place, path, text]) => {
      const [line, column] = place.split(':').map(Number);
      const at = `${file}:${(line ?? 0) + shift}:${(column ?? 0) + 2 * shift}`;
      return expect.stringContaining(`${at}: ${prefix}${path}: expected ${text}`);
    });
    expect(problems).toEqual(expected);
  });

  it.each([
    ['sum(<<.Serie>>{<<.LabelMatchers>>})', "can't evaluate field Serie"],
    ['<<if .LabelMatchers>>sum(<<.Series>>{<<.Matchers>>})<<end>>', "can't evaluate field Matchers"],
    ['sum by (<<index .GroupBySlice 1>>) (<<.Series>>)', 'index out of range'],
  ])('are refused for a query of what there is not, %s', async (metricsQuery, problem) => {
    const yaml = `adapter: {rules: [{seriesQuery: hits, resources: {template: '<<.Resource>>'}, metricsQuery: '${metricsQuery}'}]}`;
    expect(await problemsOf(yaml, {})).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    'sum(<<.Series>>{<<range $k, $v := .LabelValuesByName>><<$k>>=~"<<$v>>",<<end>>}) by (<<.GroupBy>>)',
    'sum(<<.Series>>{ns="<<index .LabelValuesByName "namespace">>",x="<<.LabelValuesByName.x>>"})',
    '<<slice .Series 0 60>>{<<.LabelMatchers>>}',
  ])('are not refused for a query of what there may be, %s', async (metricsQuery) => {
    const yaml = `adapter: {rules: [{seriesQuery: hits, resources: {template: '<<.Resource>>'}, metricsQuery: '${metricsQuery}'}]}`;
    expect(await problemsOf(yaml, {})).toEqual(['accepted']);
  });
});
