/** Words with a capital, as Go's cases.Title writes them. */

/** Apostrophes and points do not part words, hyphens do. */
const WORDS = /[\p{L}\p{N}\p{M}_]+(?:['’.:·][\p{L}\p{N}\p{M}_]+)*/gu;

/** @param ofRest what becomes of the letters behind the first one of a word */
export function titleCase(text: string, ofRest: (rest: string) => string): string {
  return text.replace(WORDS, (word) => {
    const first = String.fromCodePoint(word.codePointAt(0) ?? 0);
    return first.toUpperCase() + ofRest(word.slice(first.length));
  });
}
