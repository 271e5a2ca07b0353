import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { parser } from '@prometheus-io/lezer-promql';
import { ALERTS_API_METRICS } from '@vigie/alerting/api/telemetry';
import { HA_METRICS } from '@vigie/alerting/ha/telemetry';
import { LOG_RULE_METRICS } from '@vigie/alerting/logs/telemetry';
import { OPERATOR_METRICS as ALERTING_OPERATOR_METRICS } from '@vigie/alerting/operator/telemetry';
import { ALERTING_METRICS } from '@vigie/alerting/telemetry';
import { HPA_EVENT_METRICS } from '@vigie/collector/cluster/hpa-event-telemetry';
import { DISCOVERY_METRICS } from '@vigie/collector/discovery/telemetry';
import { KUBE_STATE_METRICS } from '@vigie/collector/kube-state/telemetry';
import { METRICS_API_METRICS } from '@vigie/collector/metrics-api/telemetry';
import { OPERATOR_METRICS } from '@vigie/collector/operator/telemetry';
import { PROBE_TELEMETRY } from '@vigie/collector/probe/telemetry';
import { COLLECTOR_TABLES } from '@vigie/collector/telemetry';
import { PROCESS_METRICS } from '@vigie/core/process-metrics';
import type { MetricDefinition } from '@vigie/core/telemetry';
import { AGENT_METRICS } from '@vigie/node-agent/telemetry';
import { QUERY_METRICS } from '@vigie/promql/api/query-counts';
import { RULE_METRICS } from '@vigie/rules/telemetry';
import { SHIP_METRICS } from '@vigie/sidecar/ship/telemetry';
import { STREAM_METRICS } from '@vigie/sidecar/stream/telemetry';
import { WEBHOOK_METRICS } from '@vigie/sidecar/webhook/telemetry';
import { TSDB_API_METRICS } from '@vigie/tsdb/api/telemetry';
import { TSDB_METRICS } from '@vigie/tsdb/telemetry';
import { describe, expect, it } from 'vitest';
import { buildBoard } from '../../dashboards/boards/board.ts';
import { BOARDS } from '../../dashboards/dashboards.ts';
import { alertingQueries } from '../../dashboards/queries/alerting.ts';
import { collectorQueries } from '../../dashboards/queries/collector.ts';
import { metricsQueries } from '../../dashboards/queries/metrics.ts';
import { nodeAgentQueries } from '../../dashboards/queries/node-agent.ts';
import type { Queries, Query } from '../../dashboards/queries/query.ts';
import { sidecarShipQueries } from '../../dashboards/queries/sidecar-ship.ts';
import { sidecarStreamQueries } from '../../dashboards/queries/sidecar-stream.ts';
import { sidecarWebhookQueries } from '../../dashboards/queries/sidecar-webhook.ts';

interface Part {
  readonly part: string;
  readonly file: string;
  readonly own: readonly MetricDefinition[];
  readonly queries: Queries;
}

const PARTS: readonly Part[] = [
  {
    part: 'alerting',
    file: 'dashboards/alerting.json',
    own: [
      ...Object.values(ALERTING_METRICS),
      ...Object.values(RULE_METRICS),
      ...Object.values(ALERTS_API_METRICS),
      ...Object.values(HA_METRICS),
      ...Object.values(LOG_RULE_METRICS),
      ...Object.values(ALERTING_OPERATOR_METRICS),
    ],
    queries: alertingQueries,
  },
  {
    part: 'the collector',
    file: 'dashboards/collector.json',
    own: [
      ...Object.values(COLLECTOR_TABLES.scrape),
      ...Object.values(COLLECTOR_TABLES.rules),
      ...Object.values(COLLECTOR_TABLES.otlp),
      ...Object.values(COLLECTOR_TABLES.remoteWrite),
      ...Object.values(DISCOVERY_METRICS),
      ...Object.values(METRICS_API_METRICS),
      ...Object.values(KUBE_STATE_METRICS),
      ...Object.values(PROBE_TELEMETRY),
      ...Object.values(OPERATOR_METRICS),
      ...Object.values(HPA_EVENT_METRICS),
    ],
    queries: collectorQueries,
  },
  {
    part: 'the metrics part',
    file: 'dashboards/metrics.json',
    own: [...Object.values(TSDB_METRICS), ...Object.values(TSDB_API_METRICS), ...Object.values(QUERY_METRICS)],
    queries: metricsQueries,
  },
  {
    part: 'the node agent',
    file: 'dashboards/node-agent.json',
    own: Object.values(AGENT_METRICS),
    queries: nodeAgentQueries,
  },
  {
    part: 'the shipping sidecar',
    file: 'dashboards/sidecar-ship.json',
    own: Object.values(SHIP_METRICS),
    queries: sidecarShipQueries,
  },
  {
    part: 'the streaming sidecar',
    file: 'dashboards/sidecar-stream.json',
    own: Object.values(STREAM_METRICS),
    queries: sidecarStreamQueries,
  },
  {
    part: 'the sidecar webhook',
    file: 'dashboards/sidecar-webhook.json',
    own: Object.values(WEBHOOK_METRICS),
    queries: sidecarWebhookQueries,
  },
];

/** The series that a part exposes. */
function seriesOf(own: readonly MetricDefinition[]): ReadonlyMap<string, MetricDefinition> {
  const process: readonly MetricDefinition[] = Object.values(PROCESS_METRICS);
  return new Map(
    [...own, ...process].flatMap((metric) =>
      (metric.type === 'histogram' ? ['_bucket', '_count', '_sum'] : ['']).map((suffix) => [
        metric.name + suffix,
        metric,
      ]),
    ),
  );
}

/** What Prometheus adds to every series of a target, and to a histogram's buckets. */
const TARGET_LABELS = ['job', 'instance', 'le'];

interface Use {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** The metrics that a query reads, with the labels of their matchers. */
function metricsOf(expr: string): Use[] {
  return Array.from(expr.matchAll(/([a-z_]+)\{([^}]*)\}/g), ([, metric = '', matchers = '']) => ({
    metric,
    labels: Array.from(matchers.matchAll(/(\w+)=~/g), ([, label = '']) => label),
  }));
}

it('every board has its part', () => {
  expect(PARTS.map(({ file }) => file)).toEqual(BOARDS.map(({ file }) => file));
});

describe.each(PARTS)('queries about $part', ({ file, own, queries: named }) => {
  const METRICS = seriesOf(own);
  const queries: [string, Query][] = Object.entries(named);

  it.each(queries)('%s is PromQL', (_name, { expr }) => {
    const text = expr.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h');
    const errors: string[] = [];
    parser.parse(text).iterate({
      enter: (node) => {
        if (node.type.isError) errors.push(`${text.slice(0, node.from)}⚠${text.slice(node.from)}`);
      },
    });
    expect(errors).toEqual([]);
  });

  it.each(queries)('%s reads metrics that are exposed, by labels that they have', (_name, { expr }) => {
    const uses = metricsOf(expr);
    expect(uses.length).toBeGreaterThan(0);
    for (const { metric, labels } of uses) {
      const known = METRICS.get(metric);
      expect(known, metric).toBeDefined();
      expect([...(known?.labels ?? []), ...TARGET_LABELS]).toEqual(expect.arrayContaining([...labels]));
    }
  });

  it.each(queries)('%s groups by, and names in its legend, labels that its metrics have', (_name, { expr, legend }) => {
    const grouped = Array.from(expr.matchAll(/by \(([^)]*)\)/g), ([, labels = '']) => labels.split(', ')).flat();
    const shown = Array.from(legend.matchAll(/\{\{(\w+)\}\}/g), ([, label = '']) => label);
    const had = metricsOf(expr).flatMap(({ metric }) => [...(METRICS.get(metric)?.labels ?? []), ...TARGET_LABELS]);
    expect(had).toEqual(expect.arrayContaining([...grouped, ...shown]));
    // An aggregation keeps only what it groups by.
    if (grouped.length > 0) expect(grouped).toEqual(expect.arrayContaining(shown));
  });

  it('use counters by their rate or increase, and gauges as they are', () => {
    for (const [name, { expr }] of queries) {
      for (const { metric } of metricsOf(expr)) {
        const counts = METRICS.get(metric)?.type !== 'gauge';
        const isRate = new RegExp(`\\b(rate|increase)\\(${metric}\\{`).test(expr);
        expect(isRate, `${name}: ${expr}`).toBe(counts);
      }
    }
  });

  it('are all drawn', () => {
    const drawn = new Set(
      BOARDS.filter((board) => board.file === file)
        .flatMap(({ definition }) => panelsOf(buildBoard(definition)))
        .flatMap((panel) => panel.exprs),
    );
    expect(queries.filter(([, { expr }]) => !drawn.has(expr)).map(([name]) => name)).toEqual([]);
  });

  it('draw every metric of the part', () => {
    const drawn = new Set(
      queries.flatMap(([, { expr }]) => metricsOf(expr)).map(({ metric }) => METRICS.get(metric)?.name),
    );
    expect(own.filter(({ name }) => !drawn.has(name))).toEqual([]);
  });
});

describe.each(BOARDS)('$file', ({ definition }) => {
  const board = buildBoard(definition);
  const panels = panelsOf(board);

  it('keeps its uid', () => {
    expect(board.uid).toBe(definition.uid);
  });

  it('asks the data source that the reader picks', () => {
    expect(new Set(panels.flatMap(({ datasources }) => datasources))).toEqual(new Set(['$datasource']));
    expect(board.templating?.list?.[0]).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
  });

  it('explains every panel, and gives each a title of its own', () => {
    expect(panels.filter(({ description }) => description === '')).toEqual([]);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  it('lays panels out without overlap within 24 columns', () => {
    const taken = new Set<string>();
    for (const { title, x, y, w, h } of panels) {
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          expect(taken.has(`${column},${line}`), `${title} overlaps`).toBe(false);
          taken.add(`${column},${line}`);
        }
      }
    }
  });
});

interface DrawnPanel {
  readonly title: string;
  readonly description: string;
  readonly exprs: readonly string[];
  readonly datasources: readonly (string | undefined)[];
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function panelsOf(board: Dashboard): DrawnPanel[] {
  return (board.panels ?? []).flatMap((panel) => {
    if (panel.type === 'row' || panel.gridPos === undefined) return [];
    const {
      title = '',
      description = '',
      targets = [],
      datasource,
    } = panel as {
      title?: string;
      description?: string;
      targets?: { expr?: string; datasource?: { uid?: string } }[];
      datasource?: { uid?: string };
    };
    const exprs = targets.map(({ expr = '' }) => expr);
    const datasources = [datasource?.uid, ...targets.map((target) => target.datasource?.uid)];
    const { x, y, w, h } = panel.gridPos;
    return [{ title, description, exprs, datasources, x, y, w, h }];
  });
}
