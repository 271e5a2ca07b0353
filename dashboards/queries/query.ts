/** A PromQL query by its one name: panels and, later, alerts refer to it and never spell it again. */
export interface Query {
  readonly expr: string;
  /** Grafana's template, as in `{{sink}}`. */
  readonly legend: string;
}

/** By name, as one part of Vigie has them. */
export type Queries = Readonly<Record<string, Query>>;
