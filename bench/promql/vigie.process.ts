/** Vigie's server under measurement. Its one argument is the folder of its database; SIGTERM ends it. */
import { systemClock } from '@vigie/core/clock';
import { collectWhenIdle } from '@vigie/core/idle-memory';
import { serveVigie } from '../../test/promql/vigie-server.ts';

const [folder = ''] = process.argv.slice(2);
// The samples are of a fixed day, and of one cluster: no bound that a cluster of this size would meet.
const server = await serveVigie(folder, { maxSeriesPerJob: 1_000_000, maxSeriesPerNamespace: 1_000_000 });
// As every long-running command does.
collectWhenIdle(systemClock);
process.stderr.write(`listening on ${server.url} (http)\n`);
process.once('SIGTERM', () => {
  server.close().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
