/** What a sender says of a record, as the record's own JSON members. */
import { jsonText } from '../encode/json-text.ts';
import { namesCollide } from '../kernel/name-paths.ts';

export type MemberValue =
  | string
  | number
  | boolean
  | null
  | readonly MemberValue[]
  | { readonly [key: string]: MemberValue };

/** Members by name: a name that comes again has the value of the last. */
export class Members {
  readonly #values: Map<string, MemberValue>;
  readonly #reserved: readonly string[];

  /** @param reserved names and paths that records have themselves; what collides with one is put below `attributes`
   *  @param base members to begin with */
  constructor(reserved: readonly string[], base?: Members) {
    this.#reserved = reserved;
    this.#values = new Map(base === undefined ? [] : base.#values);
  }

  set(name: string, value: MemberValue): void {
    if (name === '') return;
    const collides = this.#reserved.some((path) => namesCollide(path, name));
    this.#values.set(collides ? `attributes.${name}` : name, value);
  }

  /** Without braces around them; nothing for none. */
  text(): string {
    return Array.from(this.#values, ([name, value]) => `${jsonText(name)}:${valueText(value)}`).join(',');
  }
}

/** Two texts of members, either of which may be empty. */
export function joinTexts(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first},${second}`;
}

function valueText(value: MemberValue): string {
  if (typeof value === 'string') return jsonText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : jsonText(String(value));
  if (value === null || typeof value === 'boolean') return String(value);
  if (isList(value)) return `[${value.map(valueText).join(',')}]`;
  return `{${Object.entries(value)
    .map(([name, inner]) => `${jsonText(name)}:${valueText(inner)}`)
    .join(',')}}`;
}

function isList(value: MemberValue): value is readonly MemberValue[] {
  return Array.isArray(value);
}
