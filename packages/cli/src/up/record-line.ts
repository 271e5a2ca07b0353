/** One log record as one line of the live tail. */
import type { TappedRecord } from '@vigie/log-pipeline/tap/tap';
import type { Colour, Paint } from '../terminal/style.ts';
import { fitText, padText, printable, textWidth } from '../terminal/text-width.ts';
import { jsonSummary } from './json-summary.ts';

/** Beside red and yellow, which mean errors and warnings. */
const CONTAINER_COLOURS: readonly Colour[] = [36, 32, 35, 34, 96, 92, 95, 94].map((sgr) => ({ sgr }));

/** Levels are looked for where loggers put them: near the start. */
const LEVEL_WITHIN_CHARACTERS = 160;
const LEVELS: readonly (readonly [RegExp, Colour])[] = [
  [
    /"(?:level|severity)": ?"(?:error|fatal|crit|panic)|level=(?:error|fatal|panic)|\[(?:error|crit|alert|emerg)\]/i,
    'red',
  ],
  [/\b(?:ERROR|FATAL|PANIC|SEVERE)\b|^[EF]\d{4} |(?:Exception|Error): /, 'red'],
  [/"(?:level|severity)": ?"warn|level=warn|\[warn\]/i, 'yellow'],
  [/\bWARN(?:ING)?\b|^W\d{4} /, 'yellow'],
  [/"(?:level|severity)": ?"(?:debug|trace)|level=(?:debug|trace)|\b(?:DEBUG|TRACE)\b/, 'dim'],
];
/** Status of a line in combined log format. */
const ACCESS_STATUS = / HTTP\/[\d.]+" ([1-5])\d\d /;

/** `10:00:00.123 shop/web-7c5d9f8b6d-x2x9q nginx │ message`, at most `columns` cells. The bar is heavy for stderr. */
export function recordLine(record: TappedRecord, columns: number, paint: Paint): string {
  const time = clockTime(record.time);
  const labelCells = columns < 70 ? 0 : columns < 110 ? 18 : columns < 160 ? 30 : 48;
  const label = padText(containerLabel(record, labelCells), labelCells);
  const bar = record.stream === 'stderr' ? '┃' : '│';
  const messageCells = columns - textWidth(time) - textWidth(label) - (labelCells === 0 ? 3 : 4);
  // What is beyond twice the line cannot be seen, whatever its width; a message may be long.
  const text = (jsonSummary(record.message) ?? record.message).slice(0, 2 * columns);
  const message = fitText(printable(text), Math.max(0, messageCells));
  const parts = [paint(time, 'dim')];
  if (labelCells > 0) parts.push(paint(label, containerColour(record)));
  parts.push(
    record.stream === 'stderr' ? paint(bar, 'red') : paint(bar, 'dim'),
    paint(message, levelColour(record.message)),
  );
  return parts.join(' ');
}

/** What the record says of its own weight. */
export function levelColour(message: string): Colour | undefined {
  const start = message.slice(0, LEVEL_WITHIN_CHARACTERS);
  const status = ACCESS_STATUS.exec(start)?.[1];
  if (status !== undefined) return status === '5' ? 'red' : status === '4' ? 'yellow' : undefined;
  return LEVELS.find(([pattern]) => pattern.test(start))?.[1];
}

/** The longest form that fits: a container's name alone says least of where it is. */
function containerLabel({ namespace, pod, container, path }: TappedRecord, cells: number): string {
  if (pod === undefined || container === undefined) {
    return path === undefined ? '-' : printable(path.slice(path.lastIndexOf('/') + 1));
  }
  const forms = [`${namespace}/${pod} ${container}`, `${pod} ${container}`, `${namespace}/${container}`, container];
  return printable(forms.find((form) => textWidth(form) <= cells) ?? container);
}

/** The same container has the same colour every time. */
function containerColour({ namespace, pod, container, path }: TappedRecord): Colour | undefined {
  let hash = 0;
  for (const character of `${namespace}/${pod}/${container ?? path}`) {
    hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  }
  return CONTAINER_COLOURS[hash % CONTAINER_COLOURS.length];
}

/** The time of day as the record has it, to the millisecond: no time zone is converted. */
function clockTime(time: string): string {
  const [, clock = '--:--:--', fraction = ''] = /T(\d\d:\d\d:\d\d)(?:\.(\d+))?/.exec(time) ?? [];
  return `${clock}.${fraction.slice(0, 3).padEnd(3, '0')}`;
}
