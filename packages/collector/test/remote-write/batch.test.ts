import { LabelSet } from '@vigie/promql/labels/label-set';
import type { RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';
import { WriteRequestReader } from '@vigie/wire/remote-write/write-request-reader';
import { describe, expect, it } from 'vitest';
import { Batch } from '../../src/remote-write/batch.ts';
import type { OutgoingSeries } from '../../src/remote-write/outgoing-series.ts';
import { Progress } from '../../src/remote-write/progress.ts';
import { CUSTOM_BUCKETS } from './receiver-bed.ts';

const NOTHING = { samples: 0, histograms: 0, exemplars: 0 };
const mark = new Progress().begin({ segment: 1, byte: 16 });
const trace = (timestampMs: number) => ({ labels: LabelSet.of({ trace_id: 'abc' }), value: 1, timestampMs });

function series(name: string): OutgoingSeries {
  return { ref: 1, labels: ['__name__', name], lastMs: Number.NaN, lastValue: 0, endsWithHistogram: false };
}

function batch(): Batch {
  return new Batch({ isLate: false, mayBeKnown: false }, 10, 0);
}

/** As the queue does. */
function addFloat(to: Batch, one: OutgoingSeries, timeMs: number, value: number): void {
  to.addFloat(one, timeMs, new Uint32Array(Float64Array.of(value).buffer), 0, 0, mark);
  one.lastMs = timeMs;
  one.lastValue = value;
}

function sent(from: Batch, version: RemoteWriteVersion) {
  const { body, expected, leftOut } = from.encode(version, 0, from.count, () => undefined, Number.NEGATIVE_INFINITY);
  const names: string[] = [];
  const read = new WriteRequestReader((labels) => names.push(labels[1]!) - 1).read(body, version);
  const samples = Array.from({ length: read.count }, (_, row) => [
    names[read.refs[row]!],
    read.timestampsMs[row],
    read.values[row],
  ]);
  return { samples, exemplars: read.exemplars.length, histograms: read.histograms.length, expected, leftOut };
}

describe('an exemplar whose sample is in the request before, in protocol 2.0', () => {
  it('comes with that sample, and not with one that the series has had since and is sent later', () => {
    const one = series('hits');
    addFloat(batch(), one, 1_000, 5);
    const next = batch();
    next.addExemplar(one, trace(900), mark);
    // The request waits for a receiver that is down, and the series goes on.
    addFloat(batch(), one, 16_000, 6);
    addFloat(batch(), one, 31_000, 7);
    expect(sent(next, '2.0')).toMatchObject({ samples: [['hits', 1_000, 5]], exemplars: 1 });
  });

  it('is left out where the series has native histograms, and said to be', () => {
    const next = batch();
    next.addExemplar(series('h'), trace(900), mark);
    addFloat(next, series('hits'), 1_000, 5);
    expect(sent(next, '2.0')).toEqual({
      samples: [['hits', 1_000, 5]],
      exemplars: 0,
      histograms: 0,
      expected: { ...NOTHING, samples: 1 },
      leftOut: { tooOld: NOTHING, customBuckets: NOTHING, withoutSample: { ...NOTHING, exemplars: 1 } },
    });
    expect(sent(next, '1.0')).toMatchObject({ exemplars: 1, leftOut: { withoutSample: NOTHING } });
  });
});

it('a histogram with custom buckets that was to be sent by protocol 2.0 is left out by 1.0, which does not know it', () => {
  const one = batch();
  one.addHistogram(series('h'), 1_000, CUSTOM_BUCKETS, 0, mark);
  addFloat(one, series('hits'), 1_000, 5);
  expect(sent(one, '2.0')).toMatchObject({ histograms: 1, leftOut: { customBuckets: NOTHING } });
  expect(sent(one, '1.0')).toMatchObject({
    samples: [['hits', 1_000, 5]],
    histograms: 0,
    expected: { ...NOTHING, samples: 1 },
    leftOut: { customBuckets: { ...NOTHING, histograms: 1 } },
  });
});
