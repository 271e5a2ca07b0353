/** What the kubelet writes into a downwardAPI volume for `metadata.labels` and `metadata.annotations`: a line `KEY="VALUE"`
 *  each, the value quoted as Go does.
 *  Source: kubernetes pkg/fieldpath/fieldpath.go (FormatMap, %q), Go's strconv.AppendQuote. */

/** @returns undefined for what the kubelet does not write. Cost: linear. */
export function parseDownwardFile(text: string): Record<string, string> | undefined {
  const values: [string, string][] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, key, quoted] = LINE.exec(line) ?? [];
    const value = quoted === undefined ? undefined : unquoted(quoted);
    if (key === undefined || value === undefined) return undefined;
    values.push([key, value]);
  }
  return Object.fromEntries(values);
}

const LINE = /^([^=]+)="(.*)"$/;
const ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.?))/g;
const NAMED: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '"': 34,
};
const REPLACEMENT = 0xfffd;
const LAST_CODE_POINT = 0x10ffff;

function unquoted(quoted: string): string | undefined {
  let isWhole = true;
  const value = quoted.replaceAll(ESCAPE, (_, byte?: string, short?: string, long?: string, name?: string) => {
    // A byte that was no UTF-8.
    const code = byte === undefined ? codeOf(short ?? long, name) : byteCode(byte);
    if (code === undefined) isWhole = false;
    return String.fromCodePoint(code ?? REPLACEMENT);
  });
  return isWhole ? value : undefined;
}

/** Go writes control characters below 0x80 so, too. */
function byteCode(hex: string): number {
  const byte = Number.parseInt(hex, 16);
  return byte < 0x80 ? byte : REPLACEMENT;
}

function codeOf(hex: string | undefined, name: string | undefined): number | undefined {
  if (hex === undefined) return Object.hasOwn(NAMED, name ?? '') ? NAMED[name ?? ''] : undefined;
  const code = Number.parseInt(hex, 16);
  return code <= LAST_CODE_POINT ? code : undefined;
}
