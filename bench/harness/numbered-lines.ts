/** Lines that carry their number and whose text follows from it, so that a reader can tell lost from damaged. */

const PATTERN = /^n=(\d{6}) ([a-z0-9]{50})$/;

/** @param number 0 <= number < 1,000,000; the message has 59 bytes, so that its CRI line has about 100. */
export function numberedMessage(number: number): string {
  return `n=${String(number).padStart(6, '0')} ${payload(number)}`;
}

/** The number of an undamaged message, else undefined. */
export function parseNumbered(message: string): number | undefined {
  const match = PATTERN.exec(message);
  if (match === null) return undefined;
  const number = Number(match[1]);
  return match[2] === payload(number) ? number : undefined;
}

function payload(number: number): string {
  let text = '';
  for (let state = number + 1; text.length < 50; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(36);
  }
  return text.slice(0, 50);
}
