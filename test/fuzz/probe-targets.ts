/** What servers that are probed answer, where it is not text. */
import { type DnsResponse, decodeResponse } from '../../packages/collector/src/probe/dns-message.ts';
import { recordText } from '../../packages/collector/src/probe/dns-record-text.ts';
import type { Target } from './target.ts';

const QUESTION = '076578616d706c6503636f6d0000010001';
/** A and TXT; SOA, a pointer in its names; CAA and a type that has no name. */
const DNS_ANSWERS = [
  `123481800001000200000000${QUESTION}c00c0001000100000e1000047f000001c00c001000010000003c000403616263`,
  `123481800001000000010000${QUESTION}c00c0006000100000e10001d026e73c00c036e6f63c00c000003e800001c2000000e100012750000000e10`,
  `123481830001000000000002${QUESTION}c00c0101000100000e10000a000569737375656c6574c00cff00000100000e10000201ab`,
].map((hex) => Buffer.from(hex, 'hex'));

/** @returns undefined where it is refused for what it is */
function decoded(input: Buffer): DnsResponse | undefined {
  try {
    return decodeResponse(input);
  } catch (error) {
    if (error instanceof Error && error.message === 'the answer is no message of DNS') return undefined;
    throw error;
  }
}

export const probeTargets: readonly Target[] = [
  {
    name: 'answers of DNS servers',
    samples: DNS_ANSWERS,
    iterations: 30_000,
    parse(input) {
      const response = decoded(input);
      if (response === undefined) return;
      const { answer, authority, additional, message } = response;
      for (const record of [...answer, ...authority, ...additional]) {
        const text = recordText(record, message);
        if (text.split('\t').length < 5 || /[\n\r]/.test(text)) throw new Error(text);
      }
    },
  },
];
