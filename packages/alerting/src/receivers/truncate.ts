/** Texts cut to what a receiver takes. Source: Alertmanager 0.34, notify/util.go. */

const MARK = '…';

/** @param most in characters: code points, as Go's runes */
export function truncateRunes(text: string, most: number): string {
  // Code points are never more than UTF-16 units.
  if (text.length <= most) return text;
  const runes = Array.from(text);
  if (runes.length <= most) return text;
  return most <= 3 ? runes.slice(0, most).join('') : runes.slice(0, most - 1).join('') + MARK;
}
