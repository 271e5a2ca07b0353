/** alertmanager.yml with what objects add to it. */
import { ConfigError, type ConfigPath, type ConfigProblem } from '@vigie/core/config/problem';
import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import type { WrittenAlertmanager } from '../config/alerting-config.ts';
import { parseAlertmanagerConfig } from '../config/load-config.ts';
import type { Fragment } from './alertmanager-config.ts';

/** The routes of objects come first, in the order given, and let those of the file be tried too.
 *  @throws {ConfigError} with places in the text that it comes to */
export function withFragments(base: WrittenAlertmanager, fragments: readonly Fragment[]): WrittenAlertmanager {
  if (fragments.length === 0) return base;
  const document = parseDocument(base.text);
  const routes = fragments.flatMap(({ route }) => route ?? []);
  const before = entriesAt(document, ['route', 'routes']);
  document.setIn(['route', 'routes'], document.createNode([...routes, ...before]));
  append(
    document,
    'receivers',
    fragments.flatMap(({ receivers }) => receivers),
  );
  append(
    document,
    'inhibit_rules',
    fragments.flatMap(({ inhibitRules }) => inhibitRules),
  );
  append(
    document,
    'time_intervals',
    fragments.flatMap(({ timeIntervals }) => timeIntervals),
  );
  const text = document.toString();
  return { file: base.file, text, config: parseAlertmanagerConfig(text, base.file) };
}

/** As withFragments, without those that cannot stand beside the others or with this file. */
export function withUsableFragments(base: WrittenAlertmanager, fragments: readonly Fragment[]): WrittenAlertmanager {
  try {
    return withFragments(base, fragments);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
  return withFragments(
    base,
    fragments.filter((fragment) => problemsWith(base, fragment).length === 0),
  );
}

/** What is wrong with it in this file, each with its path in the object. */
export function problemsWith(base: WrittenAlertmanager, fragment: Fragment): readonly string[] {
  try {
    withFragments(base, [fragment]);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { receivers, inhibitRules, timeIntervals } = countsOf(base);
    return error.problems.map((problem) => {
      const from = { receivers, inhibit_rules: inhibitRules, time_intervals: timeIntervals };
      return `${originOf(problem, from, fragment)}: expected ${problem.expected}`;
    });
  }
}

function countsOf({ text }: WrittenAlertmanager) {
  const document = parseDocument(text);
  const count = (key: string): number => entriesAt(document, [key]).length;
  return {
    receivers: count('receivers'),
    inhibitRules: count('inhibit_rules'),
    timeIntervals: count('time_intervals'),
  };
}

const OBJECT_KEYS = { receivers: 'receivers', inhibit_rules: 'inhibitRules' } as const;

function originOf({ path }: ConfigProblem, from: Readonly<Record<string, number>>, { intervalsKey }: Fragment): string {
  const [key = '', index, ...rest] = path;
  if (key === 'route') return `spec.route${textOf(path.slice(3))}`;
  const offset = from[key];
  if (offset === undefined || typeof index !== 'number') return 'spec';
  const ownKey = key === 'time_intervals' ? intervalsKey : OBJECT_KEYS[key === 'receivers' ? key : 'inhibit_rules'];
  return `spec.${ownKey}[${index - offset}]${textOf(rest)}`;
}

function textOf(path: ConfigPath): string {
  return path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${camelCase(part)}`)).join('');
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

function append(document: Document, key: string, entries: readonly unknown[]): void {
  if (entries.length > 0) document.set(key, document.createNode([...entriesAt(document, [key]), ...entries]));
}

/** As they are written, with their comments. */
function entriesAt(document: Document, path: readonly string[]): readonly unknown[] {
  const found: unknown = isMap(document.contents) ? document.getIn(path, true) : undefined;
  return isSeq(found) ? found.items : [];
}
