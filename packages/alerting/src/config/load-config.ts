/** alertmanager.yml, as Alertmanager reads it: strictly, with every problem at once. Source: Alertmanager, config/config.go. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { refused, section } from '@vigie/core/config/fields';
import { type ConfigWarning, Findings, type ReadContext } from '@vigie/core/config/findings';
import { parseConfig } from '@vigie/core/config/load';
import { ConfigError } from '@vigie/core/config/problem';
import { textList } from '@vigie/core/config/written-fields';
import { VigieError } from '@vigie/core/errors';
import { quoteGo } from '@vigie/core/go-quote';
import * as v from 'valibot';
import type { TimeIntervals } from '../time-intervals/contains-time.ts';
import type { TimeInterval } from '../time-intervals/time-interval.ts';
import { type GlobalConfig, globalSection, readGlobal } from './global-section.ts';
import { type InhibitRule, inhibitRuleSection, readInhibitRule } from './inhibition-section.ts';
import { type ReceiverConfig, readReceiver, receiverSection } from './receiver-section.ts';
import { type RouteConfig, readRootRoute, routeSection } from './route-section.ts';
import { checkTimeIntervalName, readTimeInterval, timeIntervalSection } from './time-interval-section.ts';
import { warnOfTimers } from './timer-warnings.ts';

export interface AlertmanagerConfig {
  readonly global: GlobalConfig;
  readonly route: RouteConfig;
  readonly inhibitRules: readonly InhibitRule[];
  readonly receivers: readonly ReceiverConfig[];
  /** Patterns of files, absolute. */
  readonly templates: readonly string[];
  readonly timeIntervals: TimeIntervals;
  readonly warnings: readonly ConfigWarning[];
}

const alertmanagerFile = section({
  global: v.nullish(globalSection, {}),
  route: v.nullish(routeSection),
  inhibit_rules: v.nullish(v.array(inhibitRuleSection), []),
  receivers: v.nullish(v.array(receiverSection), []),
  templates: textList,
  mute_time_intervals: v.nullish(v.array(timeIntervalSection), []),
  time_intervals: v.nullish(v.array(timeIntervalSection), []),
  tracing: refused('no tracing, which Vigie does not do'),
  event_recorder: refused('no event_recorder, which Vigie does not have'),
});

type WrittenFile = v.InferOutput<typeof alertmanagerFile>;

/** @throws {ConfigError} with every problem in it
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function loadAlertmanagerConfig(file: string): Promise<AlertmanagerConfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new VigieError('CONFIG_UNREADABLE', `cannot read the configuration file ${file}`, { cause: error });
  }
  return parseAlertmanagerConfig(text, file);
}

/** @param file named in problems; paths in the text are relative to its folder
 *  @throws {ConfigError} */
export function parseAlertmanagerConfig(text: string, file: string): AlertmanagerConfig {
  const loaded = parseConfig(text, file, alertmanagerFile, AS_WRITTEN);
  const written = loaded.value;
  const findings = new Findings(loaded);
  const context: ReadContext = { findings, folder: resolve(dirname(file)) };
  const global = readGlobal(written.global, context);
  const receivers = readReceivers(written, global, context);
  const timeIntervals = readTimeIntervals(written, context);
  const inhibitRules = written.inhibit_rules.map((rule, index) =>
    readInhibitRule(rule, ['inhibit_rules', index], context),
  );
  const names = {
    receivers: new Set(receivers.map(({ name }) => name)),
    timeIntervals: new Set(timeIntervals.keys()),
  };
  if (written.route == null) {
    // In Alertmanager's words, which are others for a file that holds nothing.
    const isEmpty = !/^[^#\n]*[^#\s]/m.test(text);
    findings.refuse([], 'a route', isEmpty ? 'no route provided in config' : 'no routes provided');
  }
  const route = written.route == null ? undefined : readRootRoute(written.route, names, context);
  if (findings.problems.length > 0 || route === undefined) throw new ConfigError(findings.problems);
  warnOfTimers(route, findings);
  const templates = written.templates.map((pattern) => resolve(context.folder, pattern));
  return { global, route, inhibitRules, receivers, templates, timeIntervals, warnings: findings.warnings };
}

function readReceivers(
  { receivers }: WrittenFile,
  global: GlobalConfig,
  context: ReadContext,
): readonly ReceiverConfig[] {
  const names = new Set<string>();
  return receivers.map((written, index) => {
    const { name } = written;
    if (names.has(name) && name !== '') {
      const message = `notification config name ${quoteGo(name)} is not unique`;
      context.findings.refuse(['receivers', index, 'name'], 'a name that no other receiver has', message);
    }
    names.add(name);
    return readReceiver(written, ['receivers', index], { ...context, global });
  });
}

function readTimeIntervals(written: WrittenFile, context: ReadContext): TimeIntervals {
  const read = new Map<string, readonly TimeInterval[]>();
  for (const key of ['mute_time_intervals', 'time_intervals'] as const) {
    const kind = key === 'time_intervals' ? 'time interval' : 'mute time interval';
    for (const [index, named] of written[key].entries()) {
      const path = [key, index];
      checkTimeIntervalName(named.name, path, kind, new Set(read.keys()), context);
      read.set(named.name, readTimeInterval(named, path, context));
    }
  }
  return read;
}
