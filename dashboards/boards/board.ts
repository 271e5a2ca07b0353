/** A dashboard from rows of panels that are plain data: what is drawn stands in one place, how in another. */
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, type PanelText, stat, timeSeries } from '../panels/panels.ts';
import type { Query } from '../queries/query.ts';

export interface BoardDefinition {
  /** Stable: links and alerts refer to it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly variables: readonly LabelVariable[];
  readonly overview: readonly StatDefinition[];
  readonly rows: readonly RowDefinition[];
}

/** Narrows the board to some values of a label; its name is the label's. */
export interface LabelVariable {
  readonly label: string;
  readonly title: string;
  /** A metric that has the label. */
  readonly metric: string;
  readonly matchers: string;
}

export interface StatDefinition extends PanelText {
  readonly query: Query;
  /** Red from here on. */
  readonly alarmAt?: number;
}

export interface RowDefinition {
  readonly title: string;
  readonly panels: readonly TimeSeriesDefinition[];
}

export interface TimeSeriesDefinition extends PanelText {
  readonly queries: readonly Query[];
}

export function buildBoard(definition: BoardDefinition): Dashboard {
  const { uid, title, description, tags, variables, overview, rows } = definition;
  const board = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([...tags])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const variable of variables) board.withVariable(labelVariable(variable));
  for (const panel of overview) board.withPanel(stat(panel, panel.query, panel.alarmAt));
  for (const row of rows) {
    board.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) board.withPanel(timeSeries(panel, panel.queries));
  }
  return board.build();
}

/** One value, several, or all. */
function labelVariable({ label, title, metric, matchers }: LabelVariable): QueryVariableBuilder {
  return new QueryVariableBuilder(label)
    .label(title)
    .datasource(DATASOURCE)
    .query(`label_values(${metric}{${matchers}}, ${label})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}
