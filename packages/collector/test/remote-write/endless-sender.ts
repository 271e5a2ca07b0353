/** Child process of the kill -9 test: appends to the database in the folder given and sends it on; prints the number of each batch once its
 *  append has returned. With the word `drain`, it appends nothing, and ends when all is sent. */
import { writeSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { systemClock } from '@vigie/core/clock';
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { HttpClient } from '@vigie/core/http-client/http-client';
import { createLog } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { Tsdb } from '@vigie/tsdb/tsdb';
import { DEFAULT_METADATA, DEFAULT_QUEUE } from '../../src/remote-write/remote-write-options.ts';
import { RemoteWriteQueue } from '../../src/remote-write/remote-write-queue.ts';
import { HttpWriteClient } from '../../src/remote-write/write-client.ts';

const SERIES = 300;

async function main(): Promise<void> {
  const [, , folder, target, version, first] = process.argv;
  if (folder === undefined || target === undefined || first === undefined)
    throw new Error('which folder and receiver?');
  const clock = systemClock;
  const failed = (operation: string, error: unknown): void => {
    throw new Error(operation, { cause: error });
  };
  const head = { maxAheadMs: Number.POSITIVE_INFINITY };
  const options = { folder: `${folder}/tsdb`, fsyncIntervalMs: 50, snapshotIntervalMs: 300, head };
  const tsdb = new Tsdb(options, { fs, clock, reports: { failed } });
  await tsdb.start();
  const url = new URL(target);
  const http = new HttpClient(DEFAULT_HTTP_CLIENT, { clock, env: {}, userAgent: 'vigie/test' });
  const queue = new RemoteWriteQueue(
    {
      name: 'peer',
      url,
      timeoutMs: 5_000,
      version: version === '1.0' ? '1.0' : '2.0',
      sendExemplars: true,
      sendNativeHistograms: true,
      externalLabels: LabelSet.of({ cluster: 'c1' }),
      relabel: (labels) => labels,
      queue: { ...DEFAULT_QUEUE, maxSamplesPerSend: 500, batchSendDeadlineMs: 50, minShards: 2 },
      metadata: DEFAULT_METADATA,
    },
    {
      tsdb,
      folder: `${folder}/positions`,
      fs,
      client: new HttpWriteClient({ url, timeoutMs: 5_000 }, { client: http, clock }),
      clock,
      random: Math.random,
      log: createLog('error'),
      userAgent: 'vigie/test',
      observeSeconds: () => undefined,
    },
  );
  await queue.start();
  if (first === 'drain') {
    await queue.drained(new AbortController().signal);
    await queue.close({ graceMs: 10_000 });
    await tsdb.close();
    return;
  }
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
    const { accepted, known, isLogged } = await tsdb.append({ count: SERIES, refs, timestampsMs, values });
    // A batch may be in the log of a process that was killed before it could say so.
    if (accepted + known !== SERIES || !isLogged) throw new Error(`${accepted} accepted, logged: ${isLogged}`);
    writeSync(1, `${batch}\n`);
    await clock.sleep(2);
  }
}

void main();
