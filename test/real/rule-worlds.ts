/** Rules, series and what is asked of them, at random, as a rule file and a unit test. Nothing is expected, so that whoever runs the test says
 *  what came. */
import type { Random } from '@vigie/core/random';

export interface RuleWorldFiles {
  readonly rules: string;
  readonly test: string;
}

const EXPRS = [
  's > 2',
  's == 0',
  's{a="1"} != 1',
  'sum by (a) (s) > 3',
  'max without (b) (s) >= 3',
  'absent(s{a="1"})',
  'absent_over_time(s{b="y"}[2m])',
  'rate(s[3m]) > 0',
  'last_over_time(s[3m]) > 2',
  'r:sum > 4',
  'count by (a) (ALERTS{alertstate="firing"}) > 0',
  's offset 2m > 2',
  's > on (a) group_left () r:sum{g="g"} / 2',
  'vector(1) unless on () s{a="2"}',
];
const LABELS = [
  'severity: page',
  'b: "{{ $labels.b | toUpper }}"',
  'who: "{{ $labels.nobody }}"',
  'who: "{{ $externalLabels.region }}"',
  'kind: "{{ if gt $value 3.0 }}high{{ else }}low{{ end }}"',
];
const ANNOTATIONS = [
  'value: "{{ $value }} {{ $value | humanize }}"',
  'of: "{{ .Labels.a }}/{{ $labels.b }} {{ $labels.__name__ }}"',
  'sum: "{{ with query \\"sum(s)\\" }}{{ . | first | value }}{{ else }}none{{ end }}"',
  'now: "{{ now }} {{ $externalURL }}"',
  'none: ""',
  'wrong: "{{ .Labels | first }}"',
];

export function randomRuleWorld(random: Random): RuleWorldFiles {
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
  const some = (from: readonly string[]): string => {
    const chosen = new Map(
      from.filter(() => random() < 0.4).map((text) => [text.slice(0, text.indexOf(':')), text] as const),
    );
    return [...chosen.values()].join(', ');
  };
  const minutes = (): string => pick(['0s', '0s', '1m', '90s', '2m', '5m']);
  const alert = (index: number): string => `      - alert: A${index % 4}
        expr: ${pick(EXPRS)}
        for: ${minutes()}
        keep_firing_for: ${minutes()}
        labels: { rule: "${index}", ${some(LABELS)} }
        annotations: { ${some(ANNOTATIONS)} }
`;
  const group = (name: string, from: number): string => `  - name: ${name}
    limit: ${random() < 0.05 ? 3 : 0}
    query_offset: ${random() < 0.2 ? '1m' : '0s'}
    labels: { ${random() < 0.5 ? `team: ${name}` : ''} }
    rules:
      - { record: "r:sum", expr: sum by (a) (${pick(['s', 's', 's * 2', 's > 0'])}), labels: { g: ${name} } }
${Array.from({ length: 1 + below(4) }, (_, index) => alert(from + index)).join('')}`;
  const values = (): string =>
    Array.from({ length: 8 + below(8) }, () => {
      const kind = random();
      if (kind < 0.1) return `_x${1 + below(6)}`;
      return kind < 0.15 ? 'stale' : `${below(6)}x${below(5)}`;
    }).join(' ');
  const labelSets = ['a="1", b="x"', 'a="1", b="y"', 'a="2", b="x"', 'a="2"'];
  const series = labelSets
    .filter(() => random() < 0.8)
    .map((labels) => `      - { series: 's{${labels}}', values: '${values()}' }\n`);
  const cases = Array.from({ length: 12 }, (_, index) => {
    const time = `${index * 3 + below(3)}m${pick(['', '15s'])}`;
    return {
      alert: `      - { eval_time: ${time}, alertname: A${below(4)}, exp_alerts: [{ exp_labels: { not: there } }] }\n`,
      expr: `      - { expr: '${pick(['{__name__=~"ALERTS.*"}', 'r:sum', 'ALERTS_FOR_STATE', '{__name__=~".+"}[2m:1m]', 'count({__name__=~".+"}) by (__name__)'])}', eval_time: ${time}, exp_samples: [{ labels: nothing, value: 1 }] }\n`,
    };
  });
  return {
    rules: `groups:\n${group('g', 0)}${group('h', 10)}`,
    test: `rule_files: [rules.yml]
evaluation_interval: ${pick(['1m', '30s', '2m'])}
group_eval_order: [${pick(['g, h', 'h, g'])}]
tests:
  - interval: ${pick(['1m', '30s'])}
    input_series:
${series.length === 0 ? `      - { series: other, values: '1' }\n` : series.join('')}    external_labels: { region: eu }
    external_url: http://vigie.example
    alert_rule_test:
${cases.map((one) => one.alert).join('')}    promql_expr_test:
${cases.map((one) => one.expr).join('')}`,
  };
}
