/** Metrics of one name, as a scrape shows them. */

export type Labels = readonly (readonly [name: string, value: string])[];

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export type FamilyType = 'counter' | 'gauge' | 'untyped';

export interface Family {
  readonly name: string;
  readonly type: FamilyType;
  /** node_exporter's words. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** @param samples a number stands for one sample without labels */
export function family(type: FamilyType, name: string, help: string, samples: readonly Sample[] | number): Family {
  return { name, type, help, samples: typeof samples === 'number' ? [{ labels: [], value: samples }] : samples };
}

export function counter(name: string, help: string, samples: readonly Sample[] | number): Family {
  return family('counter', name, help, samples);
}

export function gauge(name: string, help: string, samples: readonly Sample[] | number): Family {
  return family('gauge', name, help, samples);
}
