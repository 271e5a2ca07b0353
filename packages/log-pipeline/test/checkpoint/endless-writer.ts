/** Child process of the kill -9 test: raises every offset and flushes, for ever; prints each number once it is written. */

import { writeSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { systemClock } from '@vigie/core/clock';
import { openCheckpoint } from '../../src/checkpoint/store.ts';

async function main(): Promise<void> {
  const path = process.argv[2];
  if (path === undefined) throw new Error('which file?');
  const { store, read } = await openCheckpoint<number>(path, { fs, clock: systemClock });
  let offset = read.status === 'ok' ? (read.entries[0]?.offset ?? 0) : 0;
  for (;;) {
    offset++;
    for (let n = 0; n < 200; n++) {
      const log = `/var/log/pods/shop_web_1/web/${n}.log`;
      store.put(n, { log, path: log, dev: '1', ino: String(n), head: undefined, offset, size: offset, done: false });
    }
    const outcome = await store.flush();
    if (outcome.status !== 'written') throw new Error(`the flush is ${outcome.status}`);
    writeSync(1, `${offset}\n`);
  }
}

void main();
