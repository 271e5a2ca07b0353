/** Whether digits stand so that a card number or an IPv4 address may be there. */
import * as layout from '../layout.ts';
import type { TwinMemory } from '../twin.ts';

const NOTHING = 0x7f;
const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;

/** The contract is `Kernel.digitShapes`; this half sets no bit too many but for spaces and dashes in a row. */
export function digitShapes({ bytes }: TwinMemory, start: number, length: number): number {
  const end = start + length;
  const at = (position: number) => (position >= start && position < end ? bytes[position]! : NOTHING);
  let shapes = 0;
  let dots = 0;
  let digits = 0;
  for (let position = start; position < end; position++) {
    const byte = at(position);
    if (isDigit(byte)) digits += 1;
    else if (byte !== SPACE && byte !== DASH) digits = 0;
    if (byte === DOT && isDigit(at(position - 1)) && isDigit(at(position + 1))) dots += 1;
    if (digits >= layout.CARD_DIGITS) shapes |= layout.DIGITS_CARD;
    if (dots >= layout.IPV4_DOTS) shapes |= layout.DIGITS_IPV4;
  }
  return shapes;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
