/** An engine as a process of its own, for a test that kills it. It posts one alert where there is none, and tells of it by a POST to the test.
 *  Arguments: the folder of the state, the URL to tell, and the step of the disk or the network, from 1, at which it kills itself; 0 for none, and
 *  `told` for the one behind the answer to its POST, whatever its number.
 *  Says `posted` when the alert is on the disk, and ends when it has been told and nothing more. */
import * as fs from 'node:fs/promises';
import { systemClock } from '@vigie/core/clock';
import type { StateFs } from '../../src/state/state-fs.ts';
import { alertNamed, processEngine } from '../process-engine.ts';

const [, , folder = '', url = '', killAtText = '0'] = process.argv;
const killAt = Number(killAtText);
let steps = 0;

/** Between what was done and what is done next. */
function step(): void {
  steps += 1;
  if (steps === killAt) process.kill(process.pid, 'SIGKILL');
}

const disk: StateFs = {
  mkdir: (path, options) => fs.mkdir(path, options),
  readdir: (path) => fs.readdir(path),
  readFile: (path) => fs.readFile(path),
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  open: async (path, flags, mode) => {
    const file = await fs.open(path, flags, mode);
    return {
      write: async (bytes, offset, length, position) => {
        const written = await file.write(bytes, offset, length, position);
        step();
        return written;
      },
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      sync: async () => {
        await file.sync();
        step();
      },
      close: () => file.close(),
    };
  },
};

const engine = processEngine({
  folder,
  route: 'group_wait: 50ms, group_interval: 100ms, repeat_interval: 1h',
  tell: async (names) => {
    step();
    await fetch(url, { method: 'POST', body: names });
    if (killAtText === 'told') process.kill(process.pid, 'SIGKILL');
    step();
    return { kind: 'sent' };
  },
  fs: disk,
});

await engine.start();
if (engine.state.alerts.size === 0) await engine.post([alertNamed('A')]);
process.stdout.write('posted\n');
// Until it is told, and for two intervals in which it must not be told again.
const deadline = Date.now() + 10_000;
while (engine.state.notifications.size === 0 && Date.now() < deadline) await systemClock.sleep(10);
await systemClock.sleep(250);
await engine.close({ graceMs: 0 });
