/** The functions of Alertmanager's templates. Source: Alertmanager 0.34, template/template.go, DefaultFuncs. */
import { quoteGo } from '@vigie/core/go-quote';
import { goDuration, goTime, nanosOf, ZERO_TIME_NANOS } from '@vigie/core/template/go-time';
import { PROMETHEUS_FUNCTIONS } from '@vigie/core/template/prometheus-functions';
import { TemplateFunctionError } from '@vigie/core/template/template-error';
import { parseLayout, type ReadTime } from '@vigie/core/template/time-layout';
import { localZone, type TimeZone, timeZone } from '@vigie/core/template/time-zone';
import { titleCase } from '@vigie/core/template/title';
import { type FunctionMap, GoFunction, GoList, GoMap, GoStruct, GoText, type Value } from '@vigie/core/template/values';
import { trimSpace } from '../matchers/characters.ts';
import { valueJson } from './value-json.ts';
import { checkSize } from './value-size.ts';

/** What is taken from Prometheus' templates, where they are the same. */
const SHARED = ['toUpper', 'toLower', 'match', 'reReplaceAll', 'humanizeDuration'];
const ANY_LIST = '[]interface {}';

const ofText = (give: (text: string) => Value): GoFunction =>
  new GoFunction(['string'], ([text]) => give(String(text)));

const itemsOf = (list: Value): readonly Value[] => (list instanceof GoList ? list.items : []);

/** Text of which html/template says that it is safe where such text stands. */
const safe = (typeName: string): GoFunction => ofText((text) => new GoText(typeName, text));

/** Those that depend on nothing but their arguments. */
const PURE: FunctionMap = new Map([
  ...Array.from(PROMETHEUS_FUNCTIONS).filter(([name]) => SHARED.includes(name)),
  ['title', ofText((text) => titleCase(text, (rest) => rest.toLowerCase()))],
  ['trimSpace', ofText(trimSpace)],
  ['join', new GoFunction(['string', '[]string'], ([separator, list]) => joined(String(separator), itemsOf(list)))],
  ['safeHtml', safe('template.HTML')],
  ['safeUrl', safe('template.URL')],
  ['urlUnescape', ofText(unescapeQuery)],
  ['stringSlice', new GoFunction([], (texts) => new GoList(texts, '[]string'), 'string')],
  [
    'date',
    new GoFunction(['string', 'time.Time'], ([layout, time]) =>
      time instanceof GoStruct ? time.methods.get('Format')?.call([layout]) : undefined,
    ),
  ],
  ['tz', new GoFunction(['string', 'time.Time'], ([name, time]) => goTime(nanosOf(time), zoneOf(String(name))))],
  [
    'toDate',
    new GoFunction(['string', 'string'], ([layout, text]) => readTime(parseLayout(String(text), String(layout)))),
  ],
  ['mustToDate', new GoFunction(['string', 'string'], ([layout, text]) => dateOf(String(layout), String(text)))],
  ['toJson', new GoFunction(['any'], ([value]) => valueJson(value))],
  ['base64encode', ofText((text) => padded(Buffer.from(text).toString('base64url')))],
  ['base64decode', ofText(decodeBase64)],
  ['list', new GoFunction([], (items) => checkSize(new GoList(items)), 'any')],
  [
    'append',
    new GoFunction([ANY_LIST], ([list, ...items]) => checkSize(new GoList([...itemsOf(list), ...items])), 'any'),
  ],
  ['dict', new GoFunction([], (values) => checkSize(dict(values)), 'any')],
]);

/** @param routeLabel what a label of the route is; @throws {TemplateFunctionError} where it cannot be said */
export function templateFunctions(nowMs: () => number, routeLabel: (name: string) => string): FunctionMap {
  const now = (): bigint => BigInt(Math.round(nowMs() * 1000)) * 1000n;
  return new Map([
    ...PURE,
    ['now', new GoFunction([], () => goTime(now()))],
    ['since', new GoFunction(['time.Time'], ([time]) => goDuration(now() - nanosOf(time), 'time.Duration'))],
    ['routeLabels', ofText(routeLabel)],
  ]);
}

function joined(separator: string, texts: readonly Value[]): string {
  checkSize(new GoList(texts.flatMap((text) => [text, separator])));
  return texts.map(String).join(separator);
}

/** url.QueryUnescape */
function unescapeQuery(text: string): string {
  const bad = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(text);
  if (bad !== null) throw new TemplateFunctionError(`invalid URL escape ${quoteGo(bad[0])}`);
  const latin = Buffer.from(text.replaceAll('+', ' ')).toString('latin1');
  const bytes = latin.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

function zoneOf(name: string): TimeZone {
  const zone = name === 'Local' ? localZone() : timeZone(name);
  if (zone === undefined) throw new TemplateFunctionError(`unknown time zone ${name}`);
  return zone;
}

function readTime(time: ReadTime | undefined): GoStruct {
  return time === undefined ? goTime(ZERO_TIME_NANOS) : goTime(time.unixNanos, time.zone);
}

function dateOf(layout: string, text: string): GoStruct {
  const time = parseLayout(text, layout);
  if (time !== undefined) return readTime(time);
  throw new TemplateFunctionError(`parsing time ${quoteGo(text)} as ${quoteGo(layout)}: it is not so written`);
}

function padded(base64: string): string {
  return base64 + '='.repeat((4 - (base64.length % 4)) % 4);
}

function decodeBase64(text: string): string {
  const written = text.replace(/[\r\n]/g, '');
  const valid = /^[A-Za-z0-9_-]*={0,2}$/.exec(written);
  if (valid === null || written.length % 4 !== 0) {
    throw new TemplateFunctionError(
      'illegal base64 data: it should be of the URL alphabet, with = up to a multiple of 4',
    );
  }
  return Buffer.from(written, 'base64url').toString();
}

function dict(values: readonly Value[]): GoMap {
  if (values.length % 2 !== 0) throw new TemplateFunctionError('dict requires an even number of arguments');
  const entries = new Map<string, Value>();
  for (let at = 0; at < values.length; at += 2) {
    const key = values[at];
    if (typeof key !== 'string') throw new TemplateFunctionError('dict keys must be strings');
    entries.set(key, values[at + 1]);
  }
  return new GoMap(entries);
}
