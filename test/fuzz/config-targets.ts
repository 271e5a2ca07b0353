/** What people write: configuration files, and the values in them. */
import { formatDuration, parseDuration } from '@vigie/core/durations';
import { parseConfig } from '../../packages/core/src/config/load.ts';
import { ConfigError, type ConfigProblem } from '../../packages/core/src/config/problem.ts';
import { formatHostPort, parseHostPort } from '../../packages/core/src/host-port.ts';
import { parseSize } from '../../packages/core/src/sizes.ts';
import { agentProblems, agentSchema } from '../../packages/node-agent/src/config.ts';
import { AGENT_YAML, WRITTEN_VALUES } from './samples.ts';
import type { Target } from './target.ts';

const ENVIRONMENT = { NAME: 'value', PORT: '9200' };

/** Each says where it is. */
function checkProblems(problems: readonly ConfigProblem[]): void {
  if (problems.length === 0) throw new Error('refused without a reason');
  for (const { line, column, expected, got } of problems) {
    if (!(line >= 1 && column >= 1) || expected === '' || got === '')
      throw new Error(`${line}:${column}: ${expected}, ${got}`);
  }
}

export const configTargets: readonly Target[] = [
  {
    name: 'configuration files',
    samples: AGENT_YAML,
    iterations: 256,
    parse(input) {
      try {
        const { value, problemAt } = parseConfig(input.toString(), 'agent.yaml', agentSchema, ENVIRONMENT);
        const problems = agentProblems(value).map(({ path, expected }) => problemAt(path, expected));
        if (problems.length > 0) checkProblems(problems);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        checkProblems(error.problems);
      }
    },
  },
  {
    name: 'durations, sizes and addresses',
    samples: WRITTEN_VALUES,
    iterations: 40_000,
    parse(input) {
      const text = input.toString();
      const durationMs = parseDuration(text);
      if (durationMs !== undefined && parseDuration(formatDuration(durationMs)) !== durationMs)
        throw new Error(`${durationMs} ms are written as ${formatDuration(durationMs)}`);
      const sizeBytes = parseSize(text);
      if (sizeBytes !== undefined && !(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0))
        throw new Error(`${sizeBytes}`);
      const address = parseHostPort(text);
      if (address === undefined) return;
      const again = parseHostPort(formatHostPort(address));
      if (again?.host !== address.host || again.port !== address.port) throw new Error(formatHostPort(address));
    },
  },
];
