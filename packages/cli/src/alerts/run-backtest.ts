/** `vigie alert backtest`: how often rules would have paged. */
import { type BacktestDeps, type BacktestResult, backtest } from '@vigie/alerting/backtest/backtest';
import { type LoadedBacktest, loadBacktest } from '@vigie/alerting/backtest/load-backtest';
import { openLogs } from '@vigie/alerting/backtest/open-logs';
import { pairsOfArguments } from '@vigie/alerting/client/matcher-arguments';
import { systemClock } from '@vigie/core/clock';
import { reportBadConfig } from '@vigie/core/config/bad-config';
import { formatDuration } from '@vigie/core/durations';
import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { damageNotes, openLocalDatabase } from '../query/local-database.ts';
import type { Terminal } from '../query/run-query.ts';
import { formatTime } from '../query/times.ts';
import { paintFor, plain } from '../terminal/style.ts';
import { printable } from '../terminal/text-width.ts';
import { databaseAsker } from './ask-database.ts';
import { askRetention, checkAnswers, type MetricsClient, rangeAsker } from './ask-metrics.ts';
import { textTable } from './table.ts';

export interface BacktestCommand {
  /** Rule files. */
  readonly files: readonly string[];
  /** Files of rules on logs. */
  readonly logRules: readonly string[];
  /** alerting.yaml */
  readonly config: string | undefined;
  /** alertmanager.yml */
  readonly alertmanager: string | undefined;
  /** Of `vigie up` or of a collector, whose metrics are asked; undefined: a server is. */
  readonly dataDir: string | undefined;
  readonly sinceMs: number;
  /** Unix ms. */
  readonly untilMs: number;
  /** undefined: as the configuration says. */
  readonly intervalMs: number | undefined;
  /** `NAME=VALUE` each. */
  readonly externalLabels: readonly string[];
  readonly output: 'text' | 'json';
}

/** stderr is told of progress where a person looks at it. */
export interface BacktestTerminal extends Terminal {
  readonly stderr: Terminal['stderr'] & { readonly isTTY?: boolean };
}

/** @returns 1 where a rule could not be tested, 2 where a file is bad or cannot be read
 *  @throws {VigieError} CONFIG_INVALID, API_UNREACHABLE */
export async function backtestRules(
  command: BacktestCommand,
  client: MetricsClient,
  terminal: BacktestTerminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  if (command.sinceMs <= 0) throw new VigieError('CONFIG_INVALID', '--since: expected a duration above 0, such as 7d');
  if (command.intervalMs !== undefined && command.intervalMs <= 0)
    throw new VigieError('CONFIG_INVALID', '--interval: expected a duration above 0, such as 1m');
  const own = LabelSet.of(pairsOfArguments('--external-label', command.externalLabels));
  const loaded = await loadFiles(command, terminal.env);
  if (typeof loaded === 'number') return loaded;
  const { stderr } = terminal;
  const { ask, startMs } = await pastMetrics(command, loaded, client, stderr);
  const externalLabels = own.size > 0 ? own : loaded.externalLabels;
  const httpDeps = { clock: systemClock, env: terminal.env, userAgent: `vigie/${client.version} alerts` };
  const logs = loaded.logs === undefined ? undefined : openLogs(loaded.logs, httpDeps);
  let result: BacktestResult;
  try {
    result = await backtest(
      { ...loaded, startMs, endMs: command.untilMs, externalLabels },
      { ask, logs, ...progressOn(stderr, { startMs, endMs: command.untilMs }) },
      signal,
    );
  } finally {
    logs?.close();
  }
  terminal.stdout.write(
    command.output === 'json' ? jsonOf(result, startMs, command.untilMs) : textOf(result, terminal),
  );
  for (const { alert, failed } of result.rules)
    if (failed !== undefined)
      stderr.write(
        `vigie: ${alert} fails at ${failed.count} ${failed.count === 1 ? 'evaluation' : 'evaluations'}: ${printable(failed.error)}\n`,
      );
  const untested = result.rules.filter(({ error }) => error !== undefined);
  for (const { alert, error } of untested) stderr.write(`vigie: ${alert} is not tested: ${printable(error ?? '')}\n`);
  return untested.length > 0 ? 1 : 0;
}

async function loadFiles(
  { files, logRules, config, alertmanager, intervalMs }: BacktestCommand,
  env: Terminal['env'],
): Promise<LoadedBacktest | ExitCode> {
  try {
    return await loadBacktest({ ruleFiles: files, logRuleFiles: logRules, config, alertmanager, intervalMs }, env);
  } catch (error) {
    return reportBadConfig(error);
  }
}

/** Whom rules on metrics ask, and from when on: says where less is kept than is asked for.
 *  @throws {VigieError} CONFIG_INVALID, API_UNREACHABLE */
async function pastMetrics(
  { sinceMs, untilMs, dataDir }: BacktestCommand,
  { asksMetrics }: LoadedBacktest,
  client: MetricsClient,
  stderr: BacktestTerminal['stderr'],
): Promise<Pick<BacktestDeps, 'ask'> & { readonly startMs: number }> {
  const wantedMs = untilMs - sinceMs;
  if (!asksMetrics) return { ask: rangeAsker(client), startMs: wantedMs };
  if (dataDir === undefined) {
    await checkAnswers(client, untilMs);
    const keptMs = await askRetention(client);
    const startMs = Math.max(wantedMs, keptMs === undefined ? wantedMs : untilMs - keptMs);
    if (keptMs !== undefined && startMs > wantedMs)
      stderr.write(
        `vigie: the server keeps ${formatDuration(keptMs)}: what was before ${formatTime(startMs)} is not known, --url names one that keeps more\n`,
      );
    return { ask: rangeAsker(client), startMs };
  }
  const note = noteOn(stderr);
  note(`reading ${printable(dataDir)}`);
  const database = await openLocalDatabase(dataDir).finally(() => note(''));
  for (const damage of damageNotes(database)) stderr.write(`vigie: ${damage}\n`);
  const { folder, span } = database;
  if (span === undefined) throw new VigieError('CONFIG_INVALID', `--data-dir: ${folder} has no samples`);
  const { oldestMs } = span;
  if (oldestMs > untilMs)
    throw new VigieError('CONFIG_INVALID', `--until: ${folder} has samples from ${formatTime(oldestMs)} on alone`);
  if (oldestMs > wantedMs)
    stderr.write(`vigie: ${folder} has samples from ${formatTime(oldestMs)} on: what was before is not known\n`);
  return { ask: databaseAsker(database), startMs: Math.max(wantedMs, oldestMs) };
}

/** The line is overwritten, and gone when something else comes. */
function progressOn(
  stderr: BacktestTerminal['stderr'],
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): Pick<BacktestDeps, 'onProgress' | 'onTold'> {
  const show = noteOn(stderr);
  return {
    onProgress: (done, total) => show(done < total ? `${done} of ${total} queries` : ''),
    onTold: (atMs) => {
      const percent = Math.floor((100 * (atMs - startMs)) / (endMs - startMs));
      show(atMs < endMs ? `who would have been told: ${percent}%` : '');
    },
  };
}

/** Shows what is being done, where a person looks at it; '' when it is done. */
function noteOn(stderr: BacktestTerminal['stderr']): (text: string) => void {
  if (stderr.isTTY !== true) return () => undefined;
  return (text) => void stderr.write(`\r${text}\x1b[K`);
}

function jsonOf({ rules, receivers }: BacktestResult, startMs: number, endMs: number): string {
  const written = {
    start: formatTime(startMs),
    end: formatTime(endMs),
    rules: rules.map(({ firingMs, longestMs, error, ...rule }) => ({
      ...rule,
      firingSeconds: firingMs / 1000,
      longestSeconds: longestMs / 1000,
      ...(error === undefined ? {} : { error }),
    })),
    ...(receivers === undefined
      ? {}
      : {
          receivers: receivers.map(({ receiver, pages, firstMs, lastMs }) => ({
            ...{ receiver, pages, first: formatTime(firstMs), last: formatTime(lastMs) },
          })),
        }),
  };
  return `${JSON.stringify(written)}\n`;
}

function textOf({ rules, receivers }: BacktestResult, { stdout, env }: Terminal): string {
  const paint = stdout.isTTY === true ? paintFor(env) : plain;
  const lines = textTable(
    ['Alert', 'Alerts', 'Fired', 'Firing', 'Longest', 'Pages'],
    rules
      .filter(({ error }) => error === undefined)
      .map(({ alert, alerts, fired, firingMs, longestMs, pages }) => [
        ...[alert, String(alerts), String(fired)],
        ...[formatDuration(firingMs), formatDuration(longestMs), String(pages)],
      ]),
    paint,
  );
  if (receivers === undefined) return join(lines);
  const told = textTable(
    ['Receiver', 'Pages', 'First', 'Last'],
    receivers.map(({ receiver, pages, firstMs, lastMs }) => [
      receiver,
      String(pages),
      formatTime(firstMs),
      formatTime(lastMs),
    ]),
    paint,
  );
  return join([...lines, '', ...(receivers.length === 0 ? ['nobody would have been told'] : told)]);
}

function join(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
