/** Files of scenarios, strictly, with every problem at once. Format: docs/reference/scenarios.md. */
import { dirname, resolve } from 'node:path';
import { AS_WRITTEN, type Environment } from '@vigie/core/config/environment';
import { Findings, type ReadContext } from '@vigie/core/config/findings';
import { type LoadedConfig, parseConfig } from '@vigie/core/config/load';
import { ConfigError, type ConfigPath } from '@vigie/core/config/problem';
import { describeError } from '@vigie/core/errors';
import { parseSeriesLine } from '@vigie/promql/script/series-line';
import type { AlertingConfig } from '../config/alerting-config.ts';
import { parseMatchers } from '../matchers/parse-matchers.ts';
import { RECURS, recurrenceProblem } from '../silences/recurrence.ts';
import { UNTIL, UNTIL_RESOLVED } from '../silences/silence.ts';
import { type AlertPattern, parseAlertPattern } from './alert-pattern.ts';
import { checkInputLine, type InputLine, inputLines, MAX_LINES, shortNames } from './input-lines.ts';
import type {
  ExpectedNotification,
  ReceiverFailure,
  Scenario,
  ScenarioAcknowledgement,
  ScenarioFile,
  ScenarioHeartbeat,
  ScenarioSilence,
} from './scenario.ts';
import { besideFile, scenarioConfig } from './scenario-config.ts';
import {
  scenarioFileSection,
  type WrittenNotified,
  type WrittenScenario,
  type WrittenScenarioFile,
} from './scenario-sections.ts';

/** Whether it is a file of scenarios, and not one of promtool. */
export function hasScenarios(source: string): boolean {
  return /^scenarios:/m.test(source);
}

/** @param file relative paths begin at its folder
 *  @param environment of the alerting.yaml that it names
 *  @throws {ConfigError} with every problem in it, or in the files that it names; {VigieError} CONFIG_UNREADABLE */
export async function parseScenarioFile(source: string, file: string, environment: Environment): Promise<ScenarioFile> {
  const loaded = parseConfig(source, file, scenarioFileSection, AS_WRITTEN);
  const { value } = loaded;
  const findings = new Findings(loaded);
  const context: ReadContext = { findings, folder: resolve(dirname(file)) };
  const read = await scenarioConfig(value, context, dirname(file), environment);
  if (read === undefined) throw new ConfigError(findings.problems);
  const { config } = read;
  const reader = new ScenarioReader(loaded, findings, file, config);
  const scenarios = value.scenarios.map((one, index) => reader.scenario(one, ['scenarios', index]));
  checkLinesAreRead(value, config, findings);
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  return { ...read, scenarios };
}

function checkLinesAreRead(
  { scenarios }: WrittenScenarioFile,
  { logRuleFiles, receivers }: AlertingConfig,
  findings: Findings,
): void {
  if (logRuleFiles.length > 0 || [...receivers.values()].some(({ context }) => context !== undefined)) return;
  for (const [index, scenario] of scenarios.entries())
    for (const key of ['input_lines', 'input_files'] as const)
      if (scenario[key].length > 0)
        findings.problemAtKey(
          ['scenarios', index, key],
          'log_rule_files or receivers.NAME.context in the file, which read them',
        );
}

class ScenarioReader {
  readonly #at: Pick<LoadedConfig<unknown>, 'problemAt'>;
  readonly #findings: Findings;
  readonly #file: string;
  readonly #config: AlertingConfig;
  readonly #receivers: ReadonlySet<string>;

  constructor(at: Pick<LoadedConfig<unknown>, 'problemAt'>, findings: Findings, file: string, config: AlertingConfig) {
    this.#at = at;
    this.#findings = findings;
    this.#file = file;
    this.#config = config;
    this.#receivers = new Set(config.alertmanager?.config.receivers.map(({ name }) => name));
  }

  scenario(written: WrittenScenario, path: ConfigPath): Scenario {
    const { start: startMs, lasts, name } = written;
    const intervalMs = written.interval ?? this.#config.evaluationIntervalMs;
    const series = written.input_series.flatMap((one, index) =>
      this.#read('a series with its values', [...path, 'input_series', index], () =>
        parseSeriesLine(`${one.series} ${one.values}`, 0),
      ),
    );
    const lines = this.#lines(written, [...path, 'input_lines']);
    const ends = [
      ...series.map(({ values }) => (values.length - 1) * intervalMs),
      ...written.notified.map(({ at }) => at),
    ];
    const lastLineMs = lines.reduce((lastMs, { arrivesMs }) => Math.max(lastMs, arrivesMs - startMs), 0);
    return {
      ...{ name, startMs, intervalMs, series, lines, place: this.#place(path) },
      lengthMs: lasts ?? Math.max(lastLineMs, ...ends),
      isOpenEnded: lasts == null,
      recorded: written.input_files.map(({ files, at, since, late, arrives, fields }, index) => ({
        place: this.#place([...path, 'input_files', index]),
        patterns: files.map((pattern) => besideFile(dirname(this.#file), pattern)),
        ...{ atMs: at, originMs: since ?? undefined, lateMs: late, arrivesMs: arrives },
        fields: shortNames(fields),
      })),
      silences: written.silences.map((one, index) => this.#silence(one, [...path, 'silences', index])),
      acknowledgements: written.acknowledged.flatMap((one, index) =>
        this.#acknowledgement(one, [...path, 'acknowledged', index]),
      ),
      failures: written.failing.map((one, index) => this.#failure(one, [...path, 'failing', index])),
      heartbeats: written.heartbeats.map((one, index) => this.#heartbeat(one, [...path, 'heartbeats', index])),
      receivers: written.receivers ?? undefined,
      notified: written.notified.map((one, index) => this.#notified(one, [...path, 'notified', index])),
      notNotified: written.not_notified.flatMap(({ alert, receiver, because }, index) => {
        const at = [...path, 'not_notified', index];
        return this.#patterns([alert], [...at, 'alert']).map((pattern) => ({
          place: this.#place(at),
          alert: pattern,
          receiver: receiver || undefined,
          because: because ?? undefined,
        }));
      }),
    };
  }

  #lines({ input_lines: written, start }: WrittenScenario, path: ConfigPath): readonly InputLine[] {
    const lines: InputLine[] = [];
    for (const [index, one] of written.entries()) {
      checkInputLine(one, (key, expected) => this.#findings.problem([...path, index, ...key], expected));
      if (lines.length <= MAX_LINES) for (const line of inputLines(one, start)) lines.push(line);
    }
    if (lines.length > MAX_LINES) this.#findings.problemAtKey(path, `no more than ${MAX_LINES} lines in a scenario`);
    return lines.sort((a, b) => a.timeMs - b.timeMs);
  }

  #silence(
    { matchers, from: fromMs, until, until_resolved, recurs }: WrittenScenario['silences'][number],
    path: ConfigPath,
  ): ScenarioSilence {
    this.#checkOrder(fromMs, until, path);
    const problem = recurs == null ? undefined : recurrenceProblem(recurs);
    if (problem !== undefined)
      this.#problem([...path, 'recurs'], `times such as sunday 02:00-04:00 Europe/Paris (${problem})`);
    return {
      matchers: this.#read('matchers', [...path, 'matchers'], () =>
        matchers.flatMap((text) => parseMatchers(text).matchers),
      ).flat(),
      ...{ fromMs, untilMs: until ?? undefined },
      annotations: {
        ...(until_resolved ? { [UNTIL]: UNTIL_RESOLVED } : {}),
        ...(recurs == null ? {} : { [RECURS]: recurs }),
      },
    };
  }

  #acknowledgement(
    { alert, at: atMs, until }: WrittenScenario['acknowledged'][number],
    path: ConfigPath,
  ): readonly ScenarioAcknowledgement[] {
    this.#checkOrder(atMs, until, path);
    return this.#patterns([alert], [...path, 'alert']).map((pattern) => ({
      ...{ alert: pattern, atMs, untilMs: until ?? undefined, place: this.#place(path) },
    }));
  }

  #failure(
    { receiver, from: fromMs, until, status }: WrittenScenario['failing'][number],
    path: ConfigPath,
  ): ReceiverFailure {
    this.#checkOrder(fromMs, until, path);
    if (!this.#receivers.has(receiver))
      this.#problem([...path, 'receiver'], 'the name of a receiver of alertmanager_config');
    return { receiver, fromMs, untilMs: until ?? undefined, status };
  }

  #heartbeat(
    { name, at: atMs, every, times }: WrittenScenario['heartbeats'][number],
    path: ConfigPath,
  ): ScenarioHeartbeat {
    if (!this.#config.expectedHeartbeats.some((expected) => expected.name === name))
      this.#problem([...path, 'name'], 'the name of one of heartbeats_in of alerting_config');
    if (every == null && times > 1) this.#problem([...path, 'times'], 'every beside it, the time between two');
    return { name, atMs, times, everyMs: every ?? 1 };
  }

  #checkOrder(fromMs: number, untilMs: number | null | undefined, path: ConfigPath): void {
    if (untilMs != null && untilMs <= fromMs) this.#problem([...path, 'until'], 'a time behind its beginning');
  }

  #notified(
    { at, receiver, integration, firing, resolved, text }: WrittenNotified,
    path: ConfigPath,
  ): ExpectedNotification {
    if (firing.length + resolved.length === 0) this.#problem(path, 'firing or resolved, the alerts that it tells of');
    return {
      place: this.#place(path),
      atMs: at,
      receiver,
      integration: integration || undefined,
      firing: this.#patterns(firing, [...path, 'firing']),
      resolved: this.#patterns(resolved, [...path, 'resolved']),
      texts: [text].flat(),
    };
  }

  #patterns(texts: readonly string[], path: ConfigPath): readonly AlertPattern[] {
    return texts.flatMap((text) => this.#read('an alert such as Slow{job="web"}', path, () => parseAlertPattern(text)));
  }

  /** @returns a list of what was read, none where it cannot be */
  #read<T>(expected: string, path: ConfigPath, read: () => T): readonly T[] {
    try {
      return [read()];
    } catch (error) {
      this.#problem(path, `${expected} (${describeError(error)})`);
      return [];
    }
  }

  #problem(path: ConfigPath, expected: string): void {
    this.#findings.problem(path, expected);
  }

  #place(path: ConfigPath): string {
    return `${this.#file}:${this.#at.problemAt(path, '').line}`;
  }
}
