import { describe, expect, it } from 'vitest';
import { compileRegex, RegexError } from '../../src/regex/regex.ts';

/** The groups of the leftmost match as text. */
function groupsOf(source: string, text: string | Buffer): (string | undefined)[] | undefined {
  const regex = compileRegex(source);
  const bytes = Buffer.concat([Buffer.from('"before"'), Buffer.from(text), Buffer.from('"after"')]);
  const spans = new Int32Array(regex.groupNames.length * 2);
  if (!regex.execBytes(bytes, 8, bytes.length - 7, spans)) return undefined;
  return regex.groupNames.map((_, group) => {
    const [start, end] = [spans[2 * group]!, spans[2 * group + 1]!];
    return start < 0 ? undefined : bytes.toString('latin1', start, end);
  });
}

describe('compileRegex', () => {
  it('names its groups by number', () => {
    expect(compileRegex('(?P<a>x)(y)(?<b>z)').groupNames).toEqual([undefined, 'a', undefined, 'b']);
  });

  it.each([
    ['a(b', 'missing closing )', 0],
    ['xy[z-a]', 'invalid character class range', 3],
    ['x(?=a)', 'invalid or unsupported Perl syntax', 1],
    ['(a)\\1', 'invalid escape sequence', 3],
    ['ab\\', 'trailing backslash at end of expression', 3],
  ])('refuses %s with the place', (source, reason, position) => {
    const refused = new RegexError(source, reason, position);
    expect(() => compileRegex(source)).toThrow(refused);
    expect(refused).toMatchObject({ code: 'REGEX_INVALID', source, position });
  });

  it('finds the leftmost match within the bounds it is given, and no neighbour of theirs', () => {
    expect(groupsOf('(\\d+) (ms|s)', 'took 17 ms, then 3 s')).toEqual(['17 ms', '17', 'ms']);
    expect(groupsOf('after', 'text')).toBeUndefined();
    expect(groupsOf('^(a)?b$', 'b')).toEqual(['b', undefined]);
    expect(groupsOf('\\bword\\b', 'word')).toEqual(['word']);
  });

  it('prefers what a backtracking matcher would find first', () => {
    expect(groupsOf('(a|ab)(c|bcd)(d*)', 'abcd')).toEqual(['abcd', 'a', 'bcd', '']);
    expect(groupsOf('(a*?)(a*)', 'aaa')).toEqual(['aaa', '', 'aaa']);
  });

  it('takes each ill-formed byte for one U+FFFD', () => {
    expect(groupsOf('^(.)(.)(.)$', Buffer.from([0xe2, 0x82, 0x41]))).toEqual(['\xe2\x82A', '\xe2', '\x82', 'A']);
    expect(groupsOf('^\\x{fffd}$', Buffer.from([0xff]))).toEqual(['\xff']);
    expect(compileRegex('^[^é]$').testBytes(Buffer.from([0xc3]), 0, 1)).toBe(true);
  });

  it('tests text and bytes alike', () => {
    const regex = compileRegex('(?i)straße');
    expect(regex.test('Lange STRAßE 7')).toBe(true);
    expect(regex.testBytes(Buffer.from('Lange STRAßE 7'), 0, 15)).toBe(true);
    expect(regex.testBytes(Buffer.from('Lange STRAßE 7'), 0, 12)).toBe(false);
  });
});
