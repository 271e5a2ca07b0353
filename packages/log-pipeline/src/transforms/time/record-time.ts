/** The time column as a number. */

const ZERO = 0x30;

/** @param start RFC 3339 text
 *  @returns Unix ms, or undefined where it is none
 *  Cost: 30 digits read in place; the day is remembered, so that a calendar is asked once a day. */
export function recordTimeMs(memory: Buffer, start: number, length: number): number | undefined {
  if (length < 20) return undefined;
  const digits = (at: number, count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++) value = value * 10 + memory[start + at + index]! - ZERO;
    return value;
  };
  const day = digits(0, 4) * 10_000 + digits(5, 2) * 100 + digits(8, 2);
  let ms = midnightMs(day) + digits(11, 2) * 3_600_000 + digits(14, 2) * 60_000 + digits(17, 2) * 1000;
  let at = 19;
  if (memory[start + at] === 0x2e) {
    at += 1;
    for (let unit = 100; at < length && isDigit(memory[start + at]!); at++, unit /= 10) {
      ms += unit >= 1 ? (memory[start + at]! - ZERO) * unit : 0;
    }
  }
  const sign = memory[start + at];
  if (sign === 0x2b || sign === 0x2d) {
    const offsetMs = (digits(at + 1, 2) * 60 + digits(at + 4, 2)) * 60_000;
    ms += sign === 0x2b ? -offsetMs : offsetMs;
  }
  return Number.isFinite(ms) ? ms : undefined;
}

let knownDay = 0;
let knownMs = 0;

function midnightMs(day: number): number {
  if (day !== knownDay) {
    knownDay = day;
    knownMs = Date.UTC(Math.floor(day / 10_000), (Math.floor(day / 100) % 100) - 1, day % 100);
  }
  return knownMs;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte < ZERO + 10;
}
