/** Words with a capital, as Go's cases.Title writes them. */

/** Apostrophes, points and colons do not part words, hyphens do. */
const WORDS = /[\p{L}\p{Nd}\p{Nl}\p{M}\p{Pc}\p{Cf}]+(?:['‘’.:·․‧][\p{L}\p{Nd}\p{Nl}\p{M}\p{Pc}\p{Cf}]+)*/gu;
const FIRST_LETTER = /\p{Cased}/u;

/** The capital is the first letter that has one, which need not begin the word: `2S`.
 *  @param ofRest what becomes of the letters behind it */
export function titleCase(text: string, ofRest: (rest: string) => string): string {
  return text.replace(WORDS, (word) => {
    const found = FIRST_LETTER.exec(word);
    if (found === null) return word;
    const [letter] = found;
    return word.slice(0, found.index) + titleOf(letter) + ofRest(word.slice(found.index + letter.length));
  });
}

/** Of a letter with several capitals, such as ß, the first of them. */
function titleOf(letter: string): string {
  const [first = '', ...others] = letter.toUpperCase();
  return first + others.join('').toLowerCase();
}
