/** `vigie collector` as a process of its own. Argument: its configuration. */
import { runCollector } from '../src/run.ts';

const [configFile = ''] = process.argv.slice(2);
void runCollector({ configFile, listen: undefined, version: '0.0.0' }).then((exitCode) => {
  process.exitCode = exitCode;
});
