import { describe, expect, it } from 'vitest';
import { quoteGo, quoteGoBytes } from '../src/go-quote.ts';

/** The right-hand sides are what Go 1.26's strconv.Quote gives. */
describe('quotes of Go', () => {
  it.each([
    ['', '""'],
    ['a "b" \\c', '"a \\"b\\" \\\\c"'],
    ['\x07\b\f\n\r\t\v\0\x7f', '"\\a\\b\\f\\n\\r\\t\\v\\x00\\x7f"'],
    ['é世😀', '"é世😀"'],
    ['\u00a0\u200b\ufeff', '"\\u00a0\\u200b\\ufeff"'],
    ['\u{e0001}', '"\\U000e0001"'],
    ['\ud800', '"\ufffd"'],
  ])('surround %j', (text, quoted) => {
    expect(quoteGo(text)).toBe(quoted);
  });

  it('show bytes that are not UTF-8', () => {
    expect(quoteGoBytes(Buffer.from([0x61, 0xff, 0xc3, 0xa9, 0xe2, 0x82, 0x0a]))).toBe('"a\\xffé\\xe2\\x82\\n"');
  });
});
