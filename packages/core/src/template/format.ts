/** Go's fmt: Sprint, Sprintln and Sprintf, for the values that templates have. Source: Go 1.26, fmt/print.go and fmt/format.go. */
import { type FloatVerb, formatGoFloat } from '../go-float.ts';
import { quoteGo } from '../go-quote.ts';
import { GoFunction, GoList, GoMap, GoStruct, GoText, sortedEntries, typeOf, type Value } from './values.ts';

/** Go refuses more, too. */
const MAX_WIDTH = 1e6;

interface Flags {
  readonly plus: boolean;
  readonly namesFields: boolean;
  readonly minus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

const PLAIN: Flags = {
  plus: false,
  namesFields: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
};

/** fmt.Sprint: a space between two operands of which neither is text. */
export function print(args: readonly Value[]): string {
  let text = '';
  for (const [index, arg] of args.entries()) {
    if (index > 0 && !isText(arg) && !isText(args[index - 1])) text += ' ';
    text += formatValue(arg, 'v', PLAIN);
  }
  return text;
}

function isText(value: Value): boolean {
  return typeof value === 'string' || value instanceof GoText;
}

/** fmt.Sprintln */
export function printLine(args: readonly Value[]): string {
  return `${args.map((arg) => formatValue(arg, 'v', PLAIN)).join(' ')}\n`;
}

const DIRECTIVE = /%([-+# 0]*)(?:\[(-?\w*)\])?(\*|\d+)?(?:(\.)(?:\[(-?\w*)\])?(\*|\d+)?)?(?:\[(-?\w*)\])?([\s\S]?)/gu;

/** fmt.Sprintf: what does not fit is shown in the text, as Go shows it. */
export function format(text: string, args: readonly Value[]): string {
  let next = 0;
  let isReordered = false;
  const written = text.replace(
    DIRECTIVE,
    (_whole, flagText: string, widthAt, width, point, precisionAt, precision, at, verb: string) => {
      let isBadIndex = false;
      const goTo = (index: string | undefined): void => {
        if (index === undefined) return;
        isReordered = true;
        const number = /^\d+$/.test(index) ? Number(index) : 0;
        if (number < 1 || number > args.length) isBadIndex = true;
        else next = number - 1;
      };
      let problems = '';
      const starred = (bad: string): number | undefined => {
        const value = args[next++];
        if (typeof value === 'bigint' && value >= -MAX_WIDTH && value <= MAX_WIDTH) return Number(value);
        problems += bad;
        return undefined;
      };
      goTo(widthAt);
      let wide = width === '*' ? starred('%!(BADWIDTH)') : width === undefined ? undefined : Number(width);
      goTo(precisionAt);
      let digits =
        precision === '*' ? starred('%!(BADPREC)') : point === undefined ? undefined : Number(precision ?? 0);
      goTo(at);
      if (wide !== undefined && Math.abs(wide) > MAX_WIDTH) {
        problems += '%!(BADWIDTH)';
        wide = undefined;
      }
      if (digits !== undefined && (digits < 0 || digits > MAX_WIDTH)) {
        if (digits > MAX_WIDTH) problems += '%!(BADPREC)';
        digits = undefined;
      }
      const minus = flagText.includes('-') || (wide !== undefined && wide < 0);
      const flags: Flags = {
        // `%+v` names fields, and gives numbers no sign.
        plus: flagText.includes('+') && verb !== 'v',
        namesFields: flagText.includes('+') && verb === 'v',
        minus,
        sharp: flagText.includes('#'),
        space: flagText.includes(' '),
        zero: flagText.includes('0') && !minus,
        width: wide === undefined ? undefined : Math.abs(wide),
        precision: digits,
      };
      if (verb === '') return `${problems}%!(NOVERB)`;
      if (verb === '%') return `${problems}%`;
      if (isBadIndex) return `${problems}%!${verb}(BADINDEX)`;
      if (next >= args.length) return `${problems}%!${verb}(MISSING)`;
      return problems + formatValue(args[next++], verb, flags);
    },
  );
  if (isReordered || next >= args.length) return written;
  const extra = args
    .slice(next)
    .map((arg) => (arg === undefined ? '<nil>' : `${typeOf(arg)}=${formatValue(arg, 'v', PLAIN)}`));
  return `${written}%!(EXTRA ${extra.join(', ')})`;
}

function formatValue(value: Value, verb: string, flags: Flags): string {
  if (verb === 'T') return pad(value === undefined ? '<nil>' : typeOf(value), flags);
  switch (typeof value) {
    case 'undefined':
      return verb === 'v' ? pad('<nil>', flags) : `%!${verb}(<nil>)`;
    case 'boolean':
      return verb === 't' || verb === 'v' ? pad(String(value), flags) : bad(value, verb, flags);
    case 'bigint':
      return formatInteger(value, verb, flags) ?? bad(value, verb, flags);
    case 'number':
      return formatFloat(value, verb, flags) ?? bad(value, verb, flags);
    case 'string':
      return formatText(value, verb, flags) ?? bad(value, verb, flags);
    default:
      if (value instanceof GoText) return formatText(value.value, verb, flags) ?? bad(value, verb, flags);
      return formatCompound(value, verb, flags);
  }
}

function bad(value: Value, verb: string, flags: Flags): string {
  return `%!${verb}(${typeOf(value)}=${formatValue(value, 'v', flags)})`;
}

function formatCompound(value: GoList | GoMap | GoStruct | GoFunction, verb: string, flags: Flags): string {
  const show = (part: Value): string => (part === undefined ? '<nil>' : formatValue(part, verb, flags));
  if (value instanceof GoFunction) return '0x0';
  if (!(value instanceof GoStruct) && value.methods.has('String') && 'vsqxX'.includes(verb)) {
    return formatText(String(value.methods.get('String')?.call([])), verb, flags) ?? '';
  }
  if (value instanceof GoList) return `[${value.items.map(show).join(' ')}]`;
  if (value instanceof GoMap) {
    return `map[${sortedEntries(value)
      .map(([key, element]) => `${show(key)}:${show(element)}`)
      .join(' ')}]`;
  }
  if (value.text !== undefined && 'vsqxX'.includes(verb)) return formatText(value.text, verb, flags) ?? '';
  const fields = Array.from(value.fields, ([name, field]) =>
    flags.namesFields ? `${name}:${show(field)}` : show(field),
  );
  return `${value.isPointer ? '&' : ''}{${fields.join(' ')}}`;
}

function pad(text: string, { width, minus, zero }: Flags): string {
  if (width === undefined) return text;
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  if (minus) return text + ' '.repeat(missing);
  return (zero ? '0' : ' ').repeat(missing) + text;
}

const BASES: Readonly<Record<string, readonly [base: number, prefix: string]>> = {
  d: [10, ''],
  v: [10, ''],
  b: [2, '0b'],
  o: [8, '0'],
  O: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

function formatInteger(value: bigint, verb: string, flags: Flags): string | undefined {
  if (verb === 'c' || verb === 'q' || verb === 'U') return formatCharacter(value, verb, flags);
  const [base, prefix] = BASES[verb] ?? [];
  if (base === undefined || prefix === undefined) return undefined;
  const size = value < 0n ? -value : value;
  let digits = size.toString(base);
  if (verb === 'X') digits = digits.toUpperCase();
  const sign = value < 0n ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  const marked = (verb === 'O' || (flags.sharp && prefix !== '')) && !(verb === 'o' && digits.startsWith('0'));
  const before = sign + (marked ? prefix : '');
  if (flags.precision !== undefined) {
    if (flags.precision === 0 && value === 0n) return pad('', { ...flags, zero: false });
    return pad(before + digits.padStart(flags.precision, '0'), { ...flags, zero: false });
  }
  if (flags.zero && flags.width !== undefined) return before + digits.padStart(flags.width - sign.length, '0');
  return pad(before + digits, flags);
}

function formatCharacter(value: bigint, verb: 'c' | 'q' | 'U', flags: Flags): string {
  const isCharacter = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  const character = isCharacter ? String.fromCodePoint(Number(value)) : '\ufffd';
  if (verb === 'c') return pad(character, flags);
  if (verb === 'q') {
    const quoted = quoteGo(character).slice(1, -1);
    return pad(`'${character === "'" ? "\\'" : character === '"' ? '"' : quoted}'`, flags);
  }
  const hex = `U+${value
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), '0')}`;
  const isShown = flags.sharp && isCharacter && /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character);
  return pad(isShown ? `${hex} '${character}'` : hex, { ...flags, zero: false });
}

function formatFloat(value: number, verb: string, flags: Flags): string | undefined {
  if (!/^[eEfFgGv]$/.test(verb)) return undefined;
  const lower = verb.toLowerCase();
  const plain: FloatVerb = lower === 'e' || lower === 'f' ? lower : 'g';
  const precision = flags.precision ?? (plain === 'g' ? -1 : 6);
  let text = formatGoFloat(value, plain, precision);
  if (verb === 'E' || verb === 'G') text = text.toUpperCase().replace('INF', 'Inf').replace('NAN', 'NaN');
  const isNumber = Number.isFinite(value);
  // Only infinity has its sign in any case.
  if (text.startsWith('+') && !flags.plus && isNumber) text = text.slice(1);
  if (!/^[-+]/.test(text)) text = (flags.plus ? '+' : flags.space ? ' ' : '') + text;
  if (!flags.zero || !isNumber) return pad(text, { ...flags, zero: false });
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart((flags.width ?? 0) - sign.length, '0');
}

function formatText(value: string, verb: string, flags: Flags): string | undefined {
  const cut = flags.precision === undefined ? value : Array.from(value).slice(0, flags.precision).join('');
  switch (verb) {
    case 'v':
    case 's':
      return pad(cut, flags);
    case 'q':
      return pad(flags.sharp && !/[`\p{C}]/u.test(cut) ? `\`${cut}\`` : quoteGo(cut), flags);
    case 'x':
    case 'X': {
      const bytes = Buffer.from(value).subarray(0, flags.precision);
      const hex = bytes.toString('hex');
      const spaced = flags.space ? (hex.match(/../g) ?? []).join(flags.sharp ? ' 0x' : ' ') : hex;
      const text = flags.sharp && hex !== '' ? `0x${spaced}` : spaced;
      return pad(verb === 'X' ? text.toUpperCase() : text, flags);
    }
    default:
      return undefined;
  }
}
