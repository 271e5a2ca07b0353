/** Go's strings.ToLower and strings.ToUpper: letter by letter, each becoming one letter. */

export function toLower(text: string): string {
  return isAscii(text) ? text.toLowerCase() : mapLetters(text, (letter) => letter.toLowerCase());
}

export function toUpper(text: string): string {
  return isAscii(text) ? text.toUpperCase() : mapLetters(text, (letter) => letter.toUpperCase());
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

function mapLetters(text: string, map: (letter: string) => string): string {
  let mapped = '';
  for (const letter of text) {
    const other = map(letter);
    // What JavaScript makes two letters of, such as `SS` of `ß`, has mostly no other case in Go.
    const isOne = other.length === letter.length;
    mapped += isOne ? other : (SIMPLE.get(letter) ?? letter);
  }
  return mapped;
}

/** The other letters that have one: a capital I with a dot, and Greek letters with an iota below. Source: Unicode, UnicodeData.txt. */
const SIMPLE: ReadonlyMap<string, string> = new Map([
  ['\u0130', 'i'],
  ['\u1fb3', '\u1fbc'],
  ['\u1fc3', '\u1fcc'],
  ['\u1ff3', '\u1ffc'],
  ...[0x1f80, 0x1f90, 0x1fa0].flatMap((first) =>
    Array.from({ length: 8 }, (_, index): [string, string] => [
      String.fromCodePoint(first + index),
      String.fromCodePoint(first + index + 8),
    ]),
  ),
]);
