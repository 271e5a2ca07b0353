/** A head that test scripts of PromQL fill and ask: the storage itself, without log and snapshots. */
import { VigieError } from '@vigie/core/errors';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { ScriptStorage } from '@vigie/promql/script/run-script';
import type { StoredSample } from '@vigie/promql/storage/memory-storage';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { type AppendResult, Head } from './head/head.ts';
import type { SeriesRef } from './head/series-table.ts';
import { HeadQuerier } from './head-querier.ts';

export interface HeadStorage extends ScriptStorage {
  readonly head: Head;
}

/** Scripts are at times of their own, load series in any order, and nothing in them is beyond retention. */
const UNBOUNDED = {
  retentionMs: Number.POSITIVE_INFINITY,
  maxAheadMs: Number.POSITIVE_INFINITY,
  outOfOrderWindowMs: 1e15,
};

/** A new one, empty. Of two samples with the same time, the first stays. */
export async function openHeadStorage(): Promise<HeadStorage> {
  const head = new Head(UNBOUNDED, { nowMs: () => 0 });
  return {
    head,
    querier: new HeadQuerier(head),
    append: async (labels, samples) => append(head, labels, samples),
    close: async () => undefined,
  };
}

/** @throws {VigieError} SCRIPT_SAMPLE_REFUSED */
function append(head: Head, labels: LabelSet, samples: readonly StoredSample[]): void {
  const ref = head.getOrCreate(labels);
  if (typeof ref === 'string') throw refused(labels, ref);
  const columns = new SampleColumns();
  for (const sample of samples) {
    const { duplicate, ...others } = appendOne(head, ref, sample, columns).refused;
    const [reason] = Object.keys(others);
    if (reason !== undefined) throw refused(labels, `${reason} at ${sample.timestampMs / 1000}`);
  }
}

function appendOne(head: Head, ref: SeriesRef, sample: StoredSample, columns: SampleColumns): AppendResult {
  const { timestampMs, value, startTimestampMs } = sample;
  if (typeof value === 'object')
    return head.appendHistograms([{ ref, timestampMs, histogram: value, startTimestampMs }]);
  columns.clear();
  if (value === 'stale') columns.addStale(timestampMs);
  else columns.addFloat(timestampMs, value);
  const { timestampsMs, values } = columns;
  const startTimestampsMs = Float64Array.of(startTimestampMs);
  return head.append({ count: 1, refs: Uint32Array.of(ref), timestampsMs, values, startTimestampsMs });
}

function refused(labels: LabelSet, reason: string): VigieError {
  return new VigieError('SCRIPT_SAMPLE_REFUSED', `the storage refuses ${JSON.stringify(labels)}: ${reason}`);
}
