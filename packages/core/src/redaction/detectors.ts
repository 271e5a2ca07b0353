/** Where personal data and secrets stand in text: hand-written scanners over bytes, for what most logs leak. */
import { isIPv6 } from 'node:net';

/** Positions of what was found; `end` is one past the last byte. */
export interface Finding {
  start: number;
  end: number;
}

export interface Detector {
  /** Text without any of these holds nothing; undefined where no bytes are telling. */
  readonly anchors: readonly Buffer[] | undefined;
  /** What digits a text must have to hold something, for those who can look for that faster. */
  readonly digits?: 'card_number' | 'ipv4';
  /** The first finding that begins at `at` or later.
   *  @param start where the text begins: what stands in front of `at` is looked at too
   *  @returns whether there is one; `found` is then set */
  find(bytes: Uint8Array, at: number, start: number, end: number, found: Finding): boolean;
}

const DOT = 0x2e;
const DASH = 0x2d;
const AT = 0x40;
const COLON = 0x3a;
const SPACE = 0x20;

// Classes of bytes, one bit each.
const DIGIT = 1;
const LETTER = 2;
/** Beside letters and digits: what the local part of an address has, and what its domain has. */
const LOCAL = 4;
const DOMAIN = 8;
const HEX = 16;
const BASE64URL = 32;
/** Of the token behind `Bearer`: RFC 6750's b68token. */
const TOKEN = 64;
const WORD = DIGIT | LETTER;

const CLASSES = new Uint8Array(256);
const mark = (chars: string, bits: number): void => {
  for (const byte of Buffer.from(chars)) CLASSES[byte]! |= bits;
};
mark('0123456789', DIGIT | LOCAL | DOMAIN | HEX | BASE64URL | TOKEN);
mark('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', LETTER | LOCAL | DOMAIN | BASE64URL | TOKEN);
mark('abcdefABCDEF', HEX);
mark('.-', LOCAL | DOMAIN);
mark('_%+', LOCAL);
mark('-_', BASE64URL);
mark('-._~+/=', TOKEN);

const is = (byte: number | undefined, bits: number): boolean => (CLASSES[byte ?? 0]! & bits) !== 0;

/** Bounded: the bytes may be a lane's whole memory. */
function indexOf(bytes: Uint8Array, byte: number, from: number, end: number): number {
  for (let at = from; at < end; at++) if (bytes[at] === byte) return at;
  return -1;
}

/** `user@host.tld`, ASCII. */
const email: Detector = {
  anchors: [Buffer.from('@')],
  find(bytes, at, start, end, found) {
    for (let sign = indexOf(bytes, AT, at, end); sign !== -1; sign = indexOf(bytes, AT, sign + 1, end)) {
      let from = sign;
      while (from > start && is(bytes[from - 1], LOCAL)) from -= 1;
      while (from < sign && !is(bytes[from], WORD)) from += 1;
      let to = sign + 1;
      while (to < end && is(bytes[to], DOMAIN)) to += 1;
      while (to > sign + 1 && !is(bytes[to - 1], WORD)) to -= 1;
      if (from >= at && from < sign && endsInTopLevel(bytes, sign + 1, to)) {
        found.start = from;
        found.end = to;
        return true;
      }
    }
    return false;
  },
};

/** Labels parted by single dots, of which the last is two letters or more. */
function endsInTopLevel(bytes: Uint8Array, from: number, to: number): boolean {
  let label = to;
  while (label > from && is(bytes[label - 1], LETTER)) label -= 1;
  if (to - label < 2 || label <= from + 1 || bytes[label - 1] !== DOT) return false;
  for (let at = from; at < to; at++) if (bytes[at] === DOT && (at === from || bytes[at + 1] === DOT)) return false;
  return true;
}

const MIN_CARD_DIGITS = 13;
const MAX_CARD_DIGITS = 19;

/** 13 to 19 digits, alone or in groups parted by single spaces or dashes, with a valid check digit (Luhn) and a first
 *  digit that card networks use. */
const cardNumber: Detector = {
  anchors: undefined,
  digits: 'card_number',
  find(bytes, at, start, end, found) {
    for (let from = at; from <= end - MIN_CARD_DIGITS; from++) {
      if (!is(bytes[from], DIGIT)) continue;
      const isAlone = from === start || !(is(bytes[from - 1], WORD) || bytes[from - 1] === DOT);
      if (isAlone && bytes[from]! >= 0x32 && bytes[from]! <= 0x36) {
        const to = cardEnd(bytes, from, end);
        if (to !== -1) {
          found.start = from;
          found.end = to;
          return true;
        }
      }
      while (from + 1 < end && is(bytes[from + 1], DIGIT)) from += 1;
    }
    return false;
  },
};

/** The longest run of whole groups that is a card number: another number may follow. */
function cardEnd(bytes: Uint8Array, from: number, end: number): number {
  let digits = 0;
  let card = -1;
  for (let at = from; at < end; at++) {
    if (!is(bytes[at], DIGIT)) return card;
    while (at < end && is(bytes[at], DIGIT)) {
      at += 1;
      digits += 1;
    }
    if (digits > MAX_CARD_DIGITS) return card;
    if (digits >= MIN_CARD_DIGITS && !goesOn(bytes, at, end) && passesLuhn(bytes, from, at)) card = at;
    if (at < end && bytes[at] !== SPACE && bytes[at] !== DASH) return card;
  }
  return card;
}

/** Whether what stands there makes a word or a fraction of the number in front of it. */
function goesOn(bytes: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return false;
  return is(bytes[at], WORD) || (bytes[at] === DOT && at + 1 < end && is(bytes[at + 1], DIGIT));
}

function passesLuhn(bytes: Uint8Array, from: number, to: number): boolean {
  let sum = 0;
  let doubles = false;
  for (let at = to - 1; at >= from; at--) {
    if (!is(bytes[at], DIGIT)) continue;
    const digit = (bytes[at]! - 0x30) * (doubles ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
    doubles = !doubles;
  }
  return sum % 10 === 0;
}

/** Four numbers up to 255. */
const ipv4: Detector = {
  anchors: undefined,
  digits: 'ipv4',
  find(bytes, at, start, end, found) {
    for (let dot = indexOf(bytes, DOT, at, end); dot !== -1; dot = indexOf(bytes, DOT, dot + 1, end)) {
      let from = dot;
      while (from > start && from > dot - 3 && is(bytes[from - 1], DIGIT)) from -= 1;
      if (from === dot || from < at) continue;
      if (from > start && (is(bytes[from - 1], WORD) || bytes[from - 1] === DOT)) continue;
      const to = ipv4End(bytes, from, end);
      if (to === -1) continue;
      found.start = from;
      found.end = to;
      return true;
    }
    return false;
  },
};

function ipv4End(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (at >= end || bytes[at++] !== DOT)) return -1;
    let value = 0;
    const first = at;
    while (at < end && at < first + 3 && is(bytes[at], DIGIT)) value = value * 10 + bytes[at++]! - 0x30;
    if (at === first || value > 255) return -1;
  }
  if (at === end) return at;
  const isLonger = is(bytes[at], WORD) || (bytes[at] === DOT && at + 1 < end && is(bytes[at + 1], WORD));
  return isLonger ? -1 : at;
}

/** As node:net understands it. */
const ipv6: Detector = {
  anchors: [Buffer.from(':')],
  find(bytes, at, start, end, found) {
    for (let colon = indexOf(bytes, COLON, at, end); colon !== -1; ) {
      let from = colon;
      while (from > start && is(bytes[from - 1], HEX)) from -= 1;
      let to = colon;
      let colons = 0;
      let isShort = false;
      while (to < end && (is(bytes[to], HEX) || bytes[to] === COLON || bytes[to] === DOT)) {
        if (bytes[to] === COLON) {
          colons += 1;
          if (bytes[to + 1] === COLON) isShort = true;
        }
        to += 1;
      }
      const next = to;
      while (to > colon + 1 && (bytes[to - 1] === DOT || (bytes[to - 1] === COLON && bytes[to - 2] !== COLON))) to -= 1;
      const isParted = (from === start || !is(bytes[from - 1], WORD)) && (to === end || !is(bytes[to], WORD));
      const isLikely = isShort || colons >= 6;
      if (
        from >= at &&
        isParted &&
        isLikely &&
        to - from > 2 &&
        to - from <= MAX_IPV6 &&
        isIPv6(textOf(bytes, from, to))
      ) {
        found.start = from;
        found.end = to;
        return true;
      }
      colon = indexOf(bytes, COLON, next, end);
    }
    return false;
  },
};

const MAX_IPV6 = '0000:0000:0000:0000:0000:ffff:255.255.255.255'.length;

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}

const MIN_TOKEN = 8;

/** What stands behind `Bearer `. */
const bearerToken: Detector = {
  anchors: ['earer', 'EARER'].map((text) => Buffer.from(text)),
  find(bytes, at, _start, end, found) {
    for (let from = at; from + 6 + MIN_TOKEN < end; from++) {
      if ((bytes[from]! | 0x20) !== 0x62 || !isWord(bytes, from + 1, 'earer')) continue;
      let token = from + 6;
      while (token < end && (bytes[token] === SPACE || bytes[token] === COLON)) token += 1;
      if (token === from + 6) continue;
      let to = token;
      while (to < end && is(bytes[to], TOKEN)) to += 1;
      if (to - token < MIN_TOKEN) continue;
      found.start = token;
      found.end = to;
      return true;
    }
    return false;
  },
};

/** @param lower in lower case; the bytes may be in either */
function isWord(bytes: Uint8Array, at: number, lower: string): boolean {
  for (let index = 0; index < lower.length; index++) {
    if ((bytes[at + index]! | 0x20) !== lower.charCodeAt(index)) return false;
  }
  return true;
}

/** Three parts in base64url, of which the first begins with `{"`. */
const jwt: Detector = {
  anchors: [Buffer.from('eyJ')],
  find(bytes, at, start, end, found) {
    for (let from = at; from + 2 < end; from++) {
      if (bytes[from] !== 0x65 || bytes[from + 1] !== 0x79 || bytes[from + 2] !== 0x4a) continue;
      if (from > start && is(bytes[from - 1], BASE64URL)) continue;
      let to = from;
      let parts = 0;
      while (parts < 3) {
        const part = to;
        while (to < end && is(bytes[to], BASE64URL)) to += 1;
        // The last is empty where the token is not signed.
        if (to - part < MIN_JWT_PART && parts < 2) break;
        parts += 1;
        if (parts < 3) {
          if (to === end || bytes[to] !== DOT) break;
          to += 1;
        }
      }
      if (parts < 3) continue;
      found.start = from;
      found.end = to;
      return true;
    }
    return false;
  },
};
const MIN_JWT_PART = 4;

const AWS_ID_BYTES = 20;
const AWS_SECRET_BYTES = 40;
/** A secret has no form of its own: it is known by the word `secret` up to so many bytes before it. */
const AWS_SECRET_REACH = 40;

/** Access key ids (`AKIA…`, `ASIA…`), and secret access keys behind a name such as `aws_secret_access_key`. */
const awsKeys: Detector = {
  anchors: ['AKIA', 'ASIA', 'ecret', 'ECRET'].map((text) => Buffer.from(text)),
  find(bytes, at, start, end, found) {
    let reach = -1;
    for (let from = start; from < end; from++) {
      if (isWord(bytes, from, 'secret') && from + 6 <= end) {
        reach = from + 6 + AWS_SECRET_REACH;
        from += 5;
        continue;
      }
      if (!is(bytes[from], TOKEN)) continue;
      let to = from;
      while (to < end && is(bytes[to], WORD)) to += 1;
      if (from >= at && to - from === AWS_ID_BYTES && isAccessKeyId(bytes, from, to)) {
        found.start = from;
        found.end = to;
        return true;
      }
      if (from < reach) {
        while (to < end && (is(bytes[to], WORD) || bytes[to] === 0x2f || bytes[to] === 0x2b)) to += 1;
        if (from >= at && to - from === AWS_SECRET_BYTES) {
          found.start = from;
          found.end = to;
          return true;
        }
      }
      if (to > from) from = lastBefore(bytes, from, to);
    }
    return false;
  },
};

/** Where to go on behind a run: its last byte, or the byte before the word `secret` in it. */
function lastBefore(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from + 1; at + 6 <= to; at++) if (isWord(bytes, at, 'secret')) return at - 1;
  return to - 1;
}

function isAccessKeyId(bytes: Uint8Array, from: number, to: number): boolean {
  const prefix = textOf(bytes, from, from + 4);
  if (prefix !== 'AKIA' && prefix !== 'ASIA') return false;
  for (let at = from; at < to; at++)
    if (!is(bytes[at], DIGIT) && !(bytes[at]! >= 0x41 && bytes[at]! <= 0x5a)) return false;
  return true;
}

/** By the name in a configuration. */
export const DETECTORS = {
  email,
  card_number: cardNumber,
  ipv4,
  ipv6,
  bearer_token: bearerToken,
  jwt,
  aws_keys: awsKeys,
} as const satisfies Readonly<Record<string, Detector>>;

export type DetectorName = keyof typeof DETECTORS;
