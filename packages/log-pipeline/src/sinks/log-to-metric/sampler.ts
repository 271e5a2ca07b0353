/** What one record counts for, metric by metric. */
import type { Batch } from '../../batch/batch.ts';
import { Condition } from '../../transforms/conditions/condition.ts';
import { type Field, fieldOf, readField } from '../../transforms/fields/field.ts';
import { RecordTemplate } from '../../transforms/fields/template.ts';
import type { FieldValue } from '../../transforms/fields/value.ts';
import type { ContainerFacts } from '../../transforms/transform.ts';
import type { LogMetricConfig } from './config.ts';
import { formatLabels } from './exposition.ts';

/** A label is to tell series apart, not to hold a message. */
const MAX_LABEL_LENGTH = 256;

/** Of one metric of one sink. */
export class Sampler {
  readonly #condition: Condition | undefined;
  readonly #field: Field | undefined;
  readonly #labels: readonly (readonly [name: string, value: RecordTemplate])[];
  readonly #least: number;
  #facts: () => ContainerFacts = noFacts;
  #holds: boolean | undefined = true;

  constructor(metric: LogMetricConfig) {
    const { condition, labels } = metric;
    const path = metric.type === 'counter' ? metric.increment_by : metric.field;
    this.#condition = condition === undefined ? undefined : new Condition(condition);
    this.#field = path === undefined ? undefined : fieldOf(path);
    this.#labels = Object.entries(labels).map(([name, source]) => [name, new RecordTemplate(source)]);
    this.#least = metric.type === 'counter' ? 0 : Number.NEGATIVE_INFINITY;
  }

  /** Before the records of a batch, which are of one container. */
  begin(batch: Batch, facts: ContainerFacts): void {
    this.#facts = () => facts;
    this.#holds = this.#condition === undefined ? true : this.#condition.begin({ facts });
    for (const [, template] of this.#labels) template.begin(batch, { facts });
  }

  /** @returns undefined where it is none: the condition does not hold, or there is no such field; NaN where the field holds
   *  what cannot be one */
  sample(batch: Batch, row: number): number | undefined {
    if (!(this.#holds ?? this.#condition?.test(batch, row))) return undefined;
    if (this.#field === undefined) return 1;
    const value = readField(this.#field, batch, row, this.#facts);
    if (value === undefined || value === null) return undefined;
    const sample = numberIn(value);
    return Number.isFinite(sample) && sample >= this.#least ? sample : Number.NaN;
  }

  /** As they stand between braces. */
  labels(batch: Batch, row: number): string {
    if (this.#labels.length === 0) return '';
    return formatLabels(
      this.#labels.map(([name, template]) => [
        name,
        template.render(batch, row, this.#facts)?.slice(0, MAX_LABEL_LENGTH),
      ]),
    );
  }
}

/** Parsers that know no types leave numbers as text. */
function numberIn(value: FieldValue): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

function noFacts(): never {
  throw new Error('no batch has begun');
}
