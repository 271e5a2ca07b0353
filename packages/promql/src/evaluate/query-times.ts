/** When a query is evaluated: at `startMs`, and each step later up to `endMs`. Unix time in ms. */
export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}
