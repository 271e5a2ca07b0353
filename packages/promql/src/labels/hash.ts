/** The hash that Prometheus has for a label set: xxhash64 of its labels, each text behind its length. Source: Prometheus, model/labels
 *  (stringlabels); xxhash.com. */
import type { LabelSet } from './label-set.ts';

/** @returns 64 bits, unsigned. Cost: a few µs; big integers. */
export function hashLabels(labels: LabelSet): bigint {
  return xxhash64(encode(labels));
}

/** Lengths take a byte, from 255 on the byte 255 and three more, low one first. */
function encode(labels: LabelSet): Buffer {
  const parts: Buffer[] = [];
  for (const text of [...labels.entries()].flat()) {
    const bytes = Buffer.from(text);
    const { length } = bytes;
    parts.push(
      length < 255 ? Buffer.of(length) : Buffer.of(255, length & 255, (length >> 8) & 255, length >> 16),
      bytes,
    );
  }
  return Buffer.concat(parts);
}

const MASK = 2n ** 64n - 1n;
const PRIME_1 = 11400714785074694791n;
const PRIME_2 = 14029467366897019727n;
const PRIME_3 = 1609587929392839161n;
const PRIME_4 = 9650029242287828579n;
const PRIME_5 = 2870177450012600261n;

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function round(accumulator: bigint, input: bigint): bigint {
  return (rotate((accumulator + input * PRIME_2) & MASK, 31n) * PRIME_1) & MASK;
}

/** With seed 0. */
function xxhash64(bytes: Buffer): bigint {
  let at = 0;
  let hash: bigint;
  if (bytes.length >= 32) {
    const lanes = [(PRIME_1 + PRIME_2) & MASK, PRIME_2, 0n, (MASK + 1n - PRIME_1) & MASK];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = round(lanes[lane]!, bytes.readBigUInt64LE(at + 8 * lane));
    }
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & MASK;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * PRIME_1 + PRIME_4) & MASK;
  } else {
    hash = PRIME_5;
  }
  hash = (hash + BigInt(bytes.length)) & MASK;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * PRIME_1 + PRIME_4) & MASK;
  }
  if (at + 4 <= bytes.length) {
    hash = (rotate(hash ^ ((BigInt(bytes.readUInt32LE(at)) * PRIME_1) & MASK), 23n) * PRIME_2 + PRIME_3) & MASK;
    at += 4;
  }
  for (; at < bytes.length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at]!) * PRIME_5) & MASK), 11n) * PRIME_1) & MASK;
  hash = ((hash ^ (hash >> 33n)) * PRIME_2) & MASK;
  hash = ((hash ^ (hash >> 29n)) * PRIME_3) & MASK;
  return hash ^ (hash >> 32n);
}
