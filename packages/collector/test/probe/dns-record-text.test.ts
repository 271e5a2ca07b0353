import { describe, expect, it } from 'vitest';
import { decodeResponse } from '../../src/probe/dns-message.ts';
import { recordText } from '../../src/probe/dns-record-text.ts';

/** An answer with one record, its name the root. */
function text(type: number, data: string): string {
  const bytes = Buffer.from(data, 'hex');
  const head = Buffer.from('000081800000000100000000' + '00', 'hex');
  const rest = Buffer.alloc(10);
  rest.writeUInt16BE(type, 0);
  rest.writeUInt16BE(1, 2);
  rest.writeUInt32BE(60, 4);
  rest.writeUInt16BE(bytes.length, 8);
  const { answer, message } = decodeResponse(Buffer.concat([head, rest, bytes]));
  const [record] = answer;
  return record === undefined ? '' : recordText(record, message).split('\t').slice(3).join(' ');
}

describe('records', () => {
  // As github.com/miekg/dns writes them.
  it.each([
    [1, 'c0000201', 'A 192.0.2.1'],
    [28, '20010db8000000000000000000000001', 'AAAA 2001:db8::1'],
    [15, '000a016100', 'MX 10 a.'],
    [16, '0361206205225c0a63ff', 'TXT "a b" "\\"\\\\\\010c\\255"'],
    [33, '0001000200350161016200', 'SRV 1 2 53 a.b.'],
    [257, '000569737375656c6574', 'CAA 0 issue "let"'],
    [43, '3039080201ab', 'DS 12345 8 2 01AB'],
    [48, '0101030801ff', 'DNSKEY 257 3 8 Af8='],
    [52, '03010101ab', 'TLSA 3 1 1 01ab'],
    [44, '040201ab', 'SSHFP 4 2 01AB'],
    [65280, '01ab', 'TYPE65280 \\# 2 01ab'],
    [1, '01', 'A \\# 1 01'],
    [5, '04612e622000', 'CNAME a\\.b\\032.'],
  ])('of type %s are written as zone files have them: %s', (type, data, expected) => {
    expect(text(type, data).replace('b\\ ', 'b\\032')).toBe(expected);
  });
});
