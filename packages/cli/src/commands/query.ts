import type { ExitCode } from '@vigie/core/lifecycle';
import { Command, Option } from 'commander';
import type { RunCommand } from '../command.ts';
import { runCommandLine } from '../command-line.ts';
import { type QueryOptions, queryRequest } from '../query/request.ts';
import { OUTPUT_FORMATS, type OutputFormat, runQuery } from '../query/run-query.ts';

interface Options extends QueryOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly output: OutputFormat;
}

/** `vigie query` */
export const run: RunCommand = (args, { version }) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie query')
    .description('Ask Vigie, or any server with the HTTP API of Prometheus, for the answer to a query in PromQL.')
    .argument('<promql>', 'the query, in quotes')
    .option(
      '--url <url>',
      'of `vigie up` or another server; user and password may stand in it',
      'http://127.0.0.1:7070',
    )
    .option('--token-file <file>', 'holds a bearer token')
    .option('--time <time>', 'of an instant: 2026-11-29T10:00:00Z, Unix seconds or now-1h (default: now)')
    .option('--start <time>', 'of a range, in the same forms')
    .option('--end <time>', 'of a range (default: now)')
    .option('--step <duration>', 'of a range (default: so that there are 250)')
    .addOption(
      new Option('-o, --output <format>', 'auto draws ranges, table has every sample')
        .choices([...OUTPUT_FORMATS])
        .default('auto'),
    )
    .action(async (promql: string, { url, tokenFile, output, ...times }: Options) => {
      const request = queryRequest(promql, times, Date.now());
      exitCode = await runQuery(request, { url, tokenFile }, output, process, version);
    });
  return runCommandLine(command, args, () => exitCode);
};
