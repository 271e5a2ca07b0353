/** What rules record, in the database. */
import { assertNever } from '@vigie/core/errors';
import { describeLabels } from '@vigie/promql/text/labels';
import type { AppendSamples, RefusedSample, RuleSample } from '@vigie/rules/sample';
import { refusalOf, UNKNOWN_SERIES } from '@vigie/tsdb/head/outcome';
import { AppendRows } from '../scrape/append-rows.ts';
import type { SampleStore } from '../scrape/target-samples.ts';

type Refusal = RefusedSample | undefined;

export function appendRuleSamples(store: SampleStore): AppendSamples {
  const rows = new AppendRows();
  return async (samples) => {
    const refusals: Refusal[] = Array.from(samples, () => undefined);
    const places: number[] = [];
    rows.clear(samples.length);
    for (const [index, sample] of samples.entries()) {
      const { labels, timestampMs, value } = sample;
      const ref = store.head.getOrCreate(labels);
      if (typeof ref === 'string') refusals[index] = refused(ref, sample);
      else if (typeof value === 'object') refusals[index] = appendHistogram(store, ref, sample, value);
      else {
        places.push(index);
        if (value === 'stale') rows.addStale(ref, timestampMs);
        else if (typeof value === 'number') rows.add(ref, timestampMs, value);
        else assertNever(value);
      }
    }
    store.head.append(rows, rows.outcomes);
    for (const [row, index] of places.entries()) {
      const outcome = rows.outcomes[row]!;
      const sample = samples[index];
      if (outcome >= UNKNOWN_SERIES && sample !== undefined) refusals[index] = refused(refusalOf(outcome), sample);
    }
    await store.commit();
    return refusals;
  };
}

function appendHistogram(
  store: SampleStore,
  ref: number,
  sample: RuleSample,
  histogram: Exclude<RuleSample['value'], number | string>,
): Refusal {
  const { refused: reasons } = store.head.appendHistograms([
    { ref, timestampMs: sample.timestampMs, histogram, startTimestampMs: 0 },
  ]);
  const [reason] = Object.keys(reasons);
  return reason === undefined ? undefined : refused(reason, sample);
}

function refused(reason: string, { labels }: RuleSample): RefusedSample {
  return { reason, message: `${reason}: ${describeLabels(labels)}` };
}
