/** The kinds of panel that the boards are made of: same units, same legends, same thresholds everywhere. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { type Threshold, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Query } from '../queries/query.ts';

/** Grafana's unit ids. */
export type Unit = 'bytes' | 'decbytes' | 'Bps' | 'cps' | 's' | 'percentunit' | 'none';

export const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;

/** Of Grafana's 24 columns. */
const HALF = 12;
const SIXTH = 4;

export interface PanelText {
  readonly title: string;
  /** What it means when the line moves, and what to do. */
  readonly description: string;
  readonly unit: Unit;
}

/** Lines over time, half a row wide; the legend tells the last and the highest value. */
export function timeSeries(text: PanelText, queries: readonly Query[]): TimeSeriesBuilder {
  const panel = new TimeSeriesBuilder()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .datasource(DATASOURCE)
    .min(0)
    .height(8)
    .span(HALF)
    .fillOpacity(10)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  for (const target of targets(queries)) panel.withTarget(target);
  return panel;
}

/** One number, a sixth of a row wide.
 *  @param alarmAt red from here on; undefined: never */
export function stat(text: PanelText, query: Query, alarmAt: number | undefined): StatBuilder {
  const steps: Threshold[] = [{ value: null, color: 'green' }];
  if (alarmAt !== undefined) steps.push({ value: alarmAt, color: 'red' });
  const panel = new StatBuilder()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .datasource(DATASOURCE)
    .height(4)
    .span(SIXTH)
    .colorMode(alarmAt === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.Area)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
  for (const target of targets([query])) panel.withTarget(target);
  return panel;
}

function targets(queries: readonly Query[]): DataqueryBuilder[] {
  return queries.map(({ expr, legend }, index) =>
    new DataqueryBuilder()
      .refId(String.fromCharCode('A'.charCodeAt(0) + index))
      .datasource(DATASOURCE)
      .expr(expr)
      .legendFormat(legend)
      .range(),
  );
}
