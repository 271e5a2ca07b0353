/** Characters as Go's `unicode` package and Alertmanager's grammar of matchers class them. */

/** unicode.IsSpace. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const RESERVED = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{}!=~,\\"'`]/;

export function isSpace(character: string): boolean {
  return SPACE.test(character);
}

/** Whether any of it may not stand in a name or value without quotes. */
export function hasReserved(text: string): boolean {
  return RESERVED.test(text);
}

/** strings.TrimSpace. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text[start]!)) start++;
  while (end > start && isSpace(text[end - 1]!)) end--;
  return text.slice(start, end);
}
