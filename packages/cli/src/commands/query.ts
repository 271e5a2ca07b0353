import type { ExitCode } from '@vigie/core/lifecycle';
import { Command, Option } from 'commander';
import type { RunCommand } from '../command.ts';
import { runCommandLine } from '../command-line.ts';
import { askPrometheus } from '../query/ask-prometheus.ts';
import { type QueryOptions, queryRequest } from '../query/request.ts';
import { type AskQuery, OUTPUT_FORMATS, type OutputFormat, runQuery } from '../query/run-query.ts';

interface Options extends QueryOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly dataDir?: string;
  readonly output: OutputFormat;
}

/** `vigie query` */
export const run: RunCommand = (args, { version }) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie query')
    .description(
      'Ask Vigie, any server with the HTTP API of Prometheus, or the files of a collector, for the answer to a query in PromQL.',
    )
    .argument('<promql>', 'the query, in quotes')
    .option(
      '--url <url>',
      'of `vigie up` or another server; user and password may stand in it',
      'http://127.0.0.1:7070',
    )
    .option('--token-file <file>', 'holds a bearer token')
    .addOption(
      new Option(
        '--data-dir <dir>',
        'of `vigie up` or of a collector on this machine: its metrics are asked in place of a server',
      ).conflicts(['url', 'tokenFile']),
    )
    .option('--time <time>', 'of an instant: 2026-11-29T10:00:00Z, Unix seconds or now-1h (default: now)')
    .option('--start <time>', 'of a range, in the same forms')
    .option('--end <time>', 'of a range (default: now)')
    .option('--step <duration>', 'of a range (default: so that there are 250)')
    .addOption(
      new Option('-o, --output <format>', 'auto draws ranges, table has every sample')
        .choices([...OUTPUT_FORMATS])
        .default('auto'),
    )
    .action(async (promql: string, { url, tokenFile, dataDir, output, ...times }: Options) => {
      const request = queryRequest(promql, times, Date.now());
      const server = { url, tokenFile };
      const ask: AskQuery =
        dataDir === undefined
          ? (asked, advice) => askPrometheus(asked, { server, userAgent: `vigie/${version} query`, advice })
          : async (asked, advice) => {
              const { askDatabase } = await import('../query/ask-database.ts');
              return askDatabase(asked, dataDir, advice, new AbortController().signal);
            };
      exitCode = await runQuery(request, ask, output, process);
    });
  return runCommandLine(command, args, () => exitCode);
};
