/** Files of scenarios, strictly, with every problem at once. Format: docs/reference/scenarios.md. */
import { dirname } from 'node:path';
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { duration, named, parsed, section } from '@vigie/core/config/fields';
import { type LoadedConfig, parseConfig } from '@vigie/core/config/load';
import { ConfigError, type ConfigPath } from '@vigie/core/config/problem';
import { describeError } from '@vigie/core/errors';
import { parseSeriesLine } from '@vigie/promql/script/series-line';
import * as v from 'valibot';
import { parseApiTime } from '../api/api-time.ts';
import {
  logDelayFields,
  logStoreType,
  readLogDelays,
  readReceiverOptions,
  receiverOptionsSection,
} from '../config/alerting-config-sections.ts';
import { Findings } from '../config/findings.ts';
import { optionalText, textList } from '../config/written-fields.ts';
import { parseMatchers } from '../matchers/parse-matchers.ts';
import { type AlertPattern, parseAlertPattern } from './alert-pattern.ts';
import { checkInputLine, type InputLine, inputLineSection, inputLines, MAX_LINES } from './input-lines.ts';
import { type ExpectedNotification, REASONS, type Scenario, type ScenarioFile } from './scenario.ts';

const DEFAULT_INTERVAL_MS = 60_000;
/** A Thursday. */
const DEFAULT_START = '2026-01-01T00:00:00Z';

const time = v.nullish(duration(), 0);
const oneOrMore = v.nullish(v.union([v.array(v.string()), v.string()]), []);

const notifiedSection = section({
  at: duration(),
  receiver: v.string(),
  integration: optionalText,
  firing: textList,
  resolved: textList,
  text: oneOrMore,
});

const scenarioSection = section({
  name: v.string(),
  start: v.nullish(
    parsed('a time such as 2026-11-30T22:00:00Z', (written) => (written === '' ? undefined : parseApiTime(written))),
    DEFAULT_START,
  ),
  lasts: v.nullish(duration({ min: 1 })),
  interval: v.nullish(duration({ min: 1 })),
  input_series: v.nullish(v.array(section({ series: v.string(), values: v.string() })), []),
  input_lines: v.nullish(v.array(inputLineSection), []),
  silences: v.nullish(
    v.array(section({ matchers: v.array(v.string()), from: time, until: v.nullish(duration()) })),
    [],
  ),
  receivers: v.nullish(v.array(v.string())),
  notified: v.nullish(v.array(notifiedSection), []),
  not_notified: v.nullish(
    v.array(section({ alert: v.string(), receiver: optionalText, because: v.nullish(v.picklist(REASONS)) })),
    [],
  ),
});

const fileSection = section({
  rule_files: textList,
  log_rule_files: textList,
  logs: v.nullish(section({ type: v.nullish(logStoreType), ...logDelayFields }), {}),
  alertmanager_config: v.pipe(v.string(), v.nonEmpty('the path of an alertmanager.yml')),
  evaluation_interval: v.nullish(duration({ min: 1 })),
  external_labels: v.nullish(named(optionalText), {}),
  external_url: optionalText,
  receivers: v.nullish(named(receiverOptionsSection), {}),
  scenarios: v.pipe(v.array(scenarioSection), v.minLength(1, 'at least one scenario')),
});

type WrittenFile = v.InferOutput<typeof fileSection>;
type WrittenScenario = v.InferOutput<typeof scenarioSection>;
type WrittenNotified = v.InferOutput<typeof notifiedSection>;

/** Whether it is a file of scenarios, and not one of promtool. */
export function hasScenarios(source: string): boolean {
  return /^scenarios:/m.test(source);
}

/** @param file only named, in problems and places
 *  @throws {ConfigError} with every problem in it */
export function parseScenarioFile(source: string, file: string): ScenarioFile {
  const loaded = parseConfig(source, file, fileSection, AS_WRITTEN);
  const { value } = loaded;
  const findings = new Findings(loaded);
  const reader = new ScenarioReader(loaded, findings, file);
  const evaluationIntervalMs = value.evaluation_interval ?? DEFAULT_INTERVAL_MS;
  const scenarios = value.scenarios.map((one, index) =>
    reader.scenario(one, ['scenarios', index], evaluationIntervalMs),
  );
  checkLinesAreRead(value, findings);
  const { type } = value.logs;
  if (type == null && value.log_rule_files.length > 0)
    findings.problemAtKey(['log_rule_files'], 'logs.type beside it: loki, elasticsearch or opensearch, which they ask');
  const delays = readLogDelays(value.logs, ['logs'], { findings });
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  return {
    ruleFiles: value.rule_files,
    logRuleFiles: value.log_rule_files,
    logs: { type: type ?? 'loki', ...delays },
    alertmanagerConfig: value.alertmanager_config,
    evaluationIntervalMs,
    externalLabels: value.external_labels,
    externalUrl: value.external_url.replace(/\/+$/, ''),
    receiverOptions: (names) => {
      const ofReceivers = new Findings(loaded);
      const options = readReceiverOptions(value.receivers, names, { findings: ofReceivers, folder: dirname(file) });
      if (ofReceivers.problems.length > 0) throw new ConfigError(ofReceivers.problems);
      return options;
    },
    scenarios,
  };
}

function checkLinesAreRead({ log_rule_files, receivers, scenarios }: WrittenFile, findings: Findings): void {
  if (log_rule_files.length > 0 || Object.values(receivers).some(({ context }) => context != null)) return;
  for (const [index, { input_lines: lines }] of scenarios.entries())
    if (lines.length > 0)
      findings.problemAtKey(
        ['scenarios', index, 'input_lines'],
        'log_rule_files or receivers.NAME.context in the file, which read them',
      );
}

class ScenarioReader {
  readonly #at: Pick<LoadedConfig<unknown>, 'problemAt'>;
  readonly #findings: Findings;
  readonly #file: string;

  constructor(at: Pick<LoadedConfig<unknown>, 'problemAt'>, findings: Findings, file: string) {
    this.#at = at;
    this.#findings = findings;
    this.#file = file;
  }

  scenario(written: WrittenScenario, path: ConfigPath, evaluationIntervalMs: number): Scenario {
    const intervalMs = written.interval ?? evaluationIntervalMs;
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
    const lastLineMs = lines.reduce((lastMs, { arrivesMs }) => Math.max(lastMs, arrivesMs - written.start), 0);
    const lengthMs = written.lasts ?? Math.max(lastLineMs, ...ends);
    return {
      name: written.name,
      place: this.#place(path),
      startMs: written.start,
      intervalMs,
      lengthMs,
      series,
      lines,
      silences: written.silences.map(({ matchers, from, until }, index) => ({
        matchers: this.#read('matchers', [...path, 'silences', index, 'matchers'], () =>
          matchers.flatMap((text) => parseMatchers(text).matchers),
        ).flat(),
        fromMs: from,
        untilMs: until ?? lengthMs,
      })),
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
