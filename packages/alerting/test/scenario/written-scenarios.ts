/** Files of scenarios that a test writes down, run as `vigie test rules` does. */
import { join } from 'node:path';
import type { ContainerLogs } from '../../src/scenario/recorded/container-logs.ts';
import { runScenarioFile } from '../../src/scenario/run-scenario-file.ts';
import { folderWith } from '../folder.ts';

const { signal } = new AbortController();
const CONTAINER_LINE = /^(\S+) (stdout|stderr) ([PF]) ([\s\S]*)$/;

/** What the decoder of the agent makes of sound lines. */
const CONTAINER_LOGS: ContainerLogs = {
  decode: (line) => {
    const [, time, stream, tag, text = ''] = CONTAINER_LINE.exec(Buffer.from(line).toString()) ?? [];
    if (time === undefined || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
    return { time, stream, message: Buffer.from(text), isFragment: tag === 'P' };
  },
  labelsOf: (path): Readonly<Record<string, string>> =>
    path.endsWith('/pod.log') ? { namespace: 'shop', pod: 'web-1', container: 'app' } : {},
};

/** @param files their texts, by name: that of the scenarios is s.yml
 *  @returns what is not as expected, with paths as they are in the folder */
export async function runWritten(
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
) {
  const folder = await folderWith(files);
  const outcome = await runScenarioFile(join(folder, 's.yml'), signal, { environment, containerLogs: CONTAINER_LOGS });
  return { ...outcome, failures: outcome?.failures.map((failure) => failure.replaceAll(`${folder}/`, '')) ?? [] };
}
