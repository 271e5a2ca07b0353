/** What a chart shows: a query over time, with what its alerts are about. */

export interface Chart {
  /** The query, as it is drawn. */
  readonly title: string;
  /** Unix ms, both ends; start before end. */
  readonly startMs: number;
  readonly endMs: number;
  /** Between two samples of a line; where they are further apart, there is a gap. */
  readonly stepMs: number;
  readonly lines: readonly ChartLine[];
  /** Series that are not drawn. */
  readonly left: number;
  /** Where the expression compares with a number. */
  readonly threshold: Threshold | undefined;
  /** When the first of the alerts began to fire; it may lie before the start. */
  readonly firedAtMs: number;
}

export interface Threshold {
  /** `>`, as between the line and the value. */
  readonly operator: string;
  readonly value: number;
}

export interface ChartLine {
  readonly label: string;
  /** Whether it is of one of the alerts that fire. */
  readonly isFiring: boolean;
  /** Unix ms, rising. */
  readonly timesMs: Float64Array;
  /** As many; those that are not finite are gaps. */
  readonly values: Float64Array;
}

/** Of what a chart takes in memory: 16 bytes for a sample. */
export function chartSizeBytes({ title, lines }: Chart): number {
  return lines.reduce((sum, { label, values }) => sum + 2 * label.length + 16 * values.length, 2 * title.length);
}
