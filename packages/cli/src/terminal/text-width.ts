/** Text from anywhere, made fit for one line of a terminal: no control sequences, no more cells than there are. */
import { stripVTControlCharacters } from 'node:util';
import { eastAsianWidth } from 'get-east-asian-width';

const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** Beside the control characters, those that reorder the text around them. */
const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A log message could move the cursor, set the title or recolour what follows: only its text is left. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\t', '  ').replaceAll(UNPRINTABLE, '·');
}

/** @returns the cells that printable text takes; for sequences that join into one sign, no fewer than those */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Printable text cut to `cells`, with an ellipsis where something is missing. */
export function fitText(text: string, cells: number): string {
  let width = 0;
  let end = 0;
  let endWithEllipsis = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > cells) return cells < 1 ? '' : `${text.slice(0, endWithEllipsis)}…`;
    end += character.length;
    if (width < cells) endWithEllipsis = end;
  }
  return text;
}

/** Exactly `cells` wide. */
export function padText(text: string, cells: number): string {
  const fitted = fitText(text, cells);
  return fitted + ' '.repeat(cells - textWidth(fitted));
}

function characterWidth(character: string): number {
  const codePoint = character.codePointAt(0) ?? 0;
  if (codePoint < 0x300) return 1;
  return ZERO_WIDTH.test(character) ? 0 : eastAsianWidth(codePoint);
}
