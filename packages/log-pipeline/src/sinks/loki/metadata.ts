/** What stands beside a line in Loki without naming a stream: structured metadata, pairs of texts. */
import type { ProtoWriter } from '@vigie/wire/protobuf/writer';
import type { Member, MemberValue } from '../../encode/member-values.ts';

/** Loki's max_structured_metadata_entries_count is 128, of which the container's own and Loki's take some. */
const MAX_FIELDS = 96;
/** Loki's max_structured_metadata_size is 64 KB. */
const MAX_FIELD_BYTES = 32 * 1024;
const METADATA = 3;

/** Names of OpenTelemetry's severity numbers, four each. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** @param severity 1 to 24 */
function levelOf(severity: number): string {
  return LEVELS[Math.min(LEVELS.length - 1, (severity - 1) >> 2)]!;
}

export function writePair(writer: ProtoWriter, name: string, value: string): void {
  writer.message(METADATA, () => {
    writer.string(1, name);
    writer.string(2, value);
  });
}

/** Writes members as pairs: names joined by `_` where objects are nested, as Loki's own JSON parser does, `level` first, from the
 *  member `log.level` or the severity. What Loki's limits have no room for is left out.
 *  @param taken names that the container's own metadata has
 *  @returns pairs left out */
export function writeFields(
  writer: ProtoWriter,
  members: readonly Member[],
  severity: number,
  taken: ReadonlySet<string>,
): number {
  const written = new Set(taken);
  const start = writer.length;
  let omitted = 0;
  const write = (name: string, value: string): void => {
    if (written.has(name)) return;
    const full = written.size - taken.size >= MAX_FIELDS;
    if (full || writer.length - start + Buffer.byteLength(value) + name.length > MAX_FIELD_BYTES) {
      omitted++;
      return;
    }
    written.add(name);
    writePair(writer, name, value);
  };
  const level = members.find(([name]) => name === 'log.level')?.[1];
  if (typeof level === 'string') write('level', level);
  else if (severity > 0) write('level', levelOf(severity));
  const writeAll = (prefix: string, values: readonly Member[]): void => {
    for (const [name, value] of values) {
      if (value === null || (prefix === '' && name === 'log.level')) continue;
      const path = prefix + legalName(name, prefix === '');
      if (isObject(value)) writeAll(`${path}_`, Object.entries(value));
      else write(path, typeof value === 'string' ? value : textOf(value));
    }
  };
  writeAll('', members);
  return omitted;
}

function legalName(name: string, isFirst: boolean): string {
  const legal = name.replace(/[^a-zA-Z0-9_]/g, '_');
  return isFirst && (legal === '' || /^[0-9]/.test(legal)) ? `_${legal}` : legal;
}

function isObject(value: MemberValue): value is { readonly [name: string]: MemberValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As JSON, a bigint as its digits. */
function textOf(value: MemberValue): string {
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}
