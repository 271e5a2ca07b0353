/** Child process of the kill -9 test: appends for ever, to the database in the folder given; prints the number of each batch
 *  once its append has returned. */
import { writeSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { systemClock } from '@vigie/core/clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { Tsdb } from '../../src/tsdb.ts';

const SERIES = 500;

async function main(): Promise<void> {
  const [, , folder, first] = process.argv;
  if (folder === undefined || first === undefined) throw new Error('which folder, and from which batch on?');
  const failed = (operation: string, error: unknown): void => {
    throw new Error(operation, { cause: error });
  };
  const options = {
    folder,
    fsyncIntervalMs: 50,
    snapshotIntervalMs: 200,
    head: { maxAheadMs: Number.POSITIVE_INFINITY },
  };
  const tsdb = new Tsdb(options, { fs, clock: systemClock, reports: { failed } });
  await tsdb.start();
  for (let batch = Number(first); ; batch++) {
    const refs = Uint32Array.from({ length: SERIES }, (_, n) => {
      // Some series are new each time.
      const pod = n < SERIES - 2 ? n : `${n}-${batch >> 2}`;
      const ref = tsdb.getOrCreate(LabelSet.of({ __name__: 'requests_total', pod: `pod-${pod}` }));
      if (typeof ref === 'string') throw new Error(ref);
      return ref;
    });
    const timestampsMs = new Float64Array(SERIES).fill(1_700_000_000_000 + batch * 1_000);
    const values = Float64Array.from({ length: SERIES }, (_, n) => batch * SERIES + n);
    const { accepted, isLogged } = await tsdb.append({ count: SERIES, refs, timestampsMs, values });
    if (accepted !== SERIES || !isLogged) throw new Error(`${accepted} accepted, logged: ${isLogged}`);
    writeSync(1, `${batch}\n`);
  }
}

void main();
