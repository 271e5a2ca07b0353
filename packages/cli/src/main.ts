/** The binary `vigie`: finds the command and loads that alone. */
import { describeError, errorCode } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import packageJson from '../package.json' with { type: 'json' };
import type { CommandContext, CommandEntry } from './command.ts';
import { preferMemory, preferSpeed } from './v8-flags.ts';

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'up',
    summary: 'Run Vigie on this machine, with a live tail and the ledger in the terminal',
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'node-agent',
    summary: "Ship a node's container logs to Elasticsearch, OpenSearch and others",
    load: () => import('./commands/node-agent.ts'),
  },
  {
    name: 'sidecar',
    summary: 'Stream or ship the logs of a pod; give pods the sidecar that does',
    isBusy: ([kind]) => kind === 'webhook',
    load: () => import('./commands/sidecar.ts'),
  },
  {
    name: 'collector',
    summary: 'Scrape the targets of a prometheus.yml, record its rules, and answer PromQL',
    isBusy: () => true,
    load: () => import('./commands/collector.ts'),
  },
  {
    name: 'alerting',
    summary: 'Take alerts, evaluate rules, and tell receivers, as Alertmanager does',
    isBusy: () => true,
    load: () => import('./commands/alerting.ts'),
  },
  {
    name: 'check',
    summary: 'Check configuration files',
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'test',
    summary: 'Run tests that are written down in files: scripts of PromQL, unit tests of rules',
    load: () => import('./commands/test.ts'),
  },
  {
    name: 'query',
    summary: 'Ask for the answer to a query in PromQL, as a table or a chart in the terminal',
    load: () => import('./commands/query.ts'),
  },
  {
    name: 'hpa',
    summary: 'Explain what a horizontal pod autoscaler does, and simulate what it would have done',
    load: () => import('./commands/hpa.ts'),
  },
  {
    name: 'alert',
    summary: 'Look at alerts and at who is told of them',
    load: () => import('./commands/alert.ts'),
  },
  {
    name: 'silence',
    summary: 'Silence alerts for a time, list silences and end them',
    load: () => import('./commands/silence.ts'),
  },
  {
    name: 'tap',
    summary: 'Show records live at a component of a running node agent',
    load: () => import('./commands/tap.ts'),
  },
];

async function main(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const [first, ...rest] = args;
  if (first === '--version' || first === '-V') {
    process.stdout.write(`${context.version}\n`);
    return 0;
  }
  const asked = first === 'help' && rest.length === 1 ? rest[0] : first;
  const command = COMMANDS.find(({ name }) => name === asked);
  if (command === undefined) return (await import('./usage.ts')).explainUsage(args, COMMANDS);
  if (command.isBusy?.(rest) === true) preferSpeed();
  else preferMemory();
  return (await command.load()).run(first === 'help' ? ['--help'] : rest, context);
}

function exitAfter(error: unknown): ExitCode {
  process.stderr.write(`vigie: ${describeError(error)}\n`);
  if (errorCode(error)?.startsWith('CONFIG_') === true) return 2;
  // Without a code of ours it is a defect, and where it arose is what its report needs.
  if (errorCode(error) === undefined && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return 1;
}

// On Linux stdout and stderr are written synchronously: nothing is cut off by leaving.
main(process.argv.slice(2), { version: packageJson.version, distDir: __dirname })
  .catch(exitAfter)
  .then((code) => process.exit(code));
