import { describe, expect, it } from 'vitest';
import { formatMatchers } from '../../src/matchers/alert-matcher.ts';
import { parseUtf8Matcher, parseUtf8Matchers } from '../../src/matchers/utf8-matchers.ts';

const read = (input: string): string => formatMatchers(parseUtf8Matchers(input));

/** Alertmanager's own table: matcher/parse/parse_test.go. */
describe('matchers with UTF-8', () => {
  it.each([
    ['', '{}'],
    ['{}', '{}'],
    ['{foo=bar}', '{foo="bar"}'],
    ['{foo=bar,}', '{foo="bar"}'],
    ['{foo!=bar}', '{foo!="bar"}'],
    ['{foo=~[a-z]+}', '{foo=~"[a-z]+"}'],
    ['{foo!~[a-z]+}', '{foo!~"[a-z]+"}'],
    ['{foo=🙂}', '{foo="🙂"}'],
    ['{foo=🙂bar}', '{foo="🙂bar"}'],
    ['foo=bar', '{foo="bar"}'],
    ['foo=bar,', '{foo="bar"}'],
    ['foo!=bar', '{foo!="bar"}'],
    ['foo=~[a-z]+', '{foo=~"[a-z]+"}'],
    ['foo!~[a-z]+', '{foo!~"[a-z]+"}'],
    ['{"foo"="bar"}', '{foo="bar"}'],
    ['{"foo"="bar",}', '{foo="bar"}'],
    ['{"foo"=~"\\\\d+"}', '{foo=~"\\\\d+"}'],
    ['{"foo"="\\xf0\\x9f\\x99\\x82"}', '{foo="🙂"}'],
    ['{"foo"="\\U0001f642"}', '{foo="🙂"}'],
    ['{"foo"="bar\\n"}', '{foo="bar\\n"}'],
    ['{"foo"="bar\\t"}', '{foo="bar\t"}'],
    ['{"foo"="\\"bar\\""}', '{foo="\\"bar\\""}'],
    ['{"foo"="bar\\\\"}', '{foo="bar\\\\"}'],
    ['"foo"="bar",', '{foo="bar"}'],
    ['{foo=bar,bar!=baz}', '{foo="bar",bar!="baz"}'],
    ['foo="bar",bar!="baz"', '{foo="bar",bar!="baz"}'],
    ['{ foo = bar , }', '{foo="bar"}'],
    ['"a b"=c', '{"a b"="c"}'],
    ['foo="\ufffd"', '{foo="\ufffd"}'],
  ])('reads %s', (input, printed) => {
    expect(read(input)).toBe(printed);
  });

  it.each([
    [',', '0:1: unexpected ,: expected label name'],
    ['{,}', '1:2: unexpected ,: expected label name'],
    ['{', '0:1: end of input: expected close brace'],
    ['}', '0:1: }: expected opening brace'],
    ['foo=bar}', '0:8: }: expected opening brace'],
    ['{foo=bar', '0:8: end of input: expected close brace'],
    ['{foo=:"bar"}', '6:11: unexpected "bar": expected a comma or close brace'],
    ['{foo="bar\\w"}', '5:12: "bar\\w": invalid input'],
    ['{"foo"=~"\\d+"}', '8:13: "\\d+": invalid input'],
    ['{foo=bar\\n}', '8:9: \\: invalid input: expected a comma or close brace'],
    ['{"foo"="\\xf0\\x9f"}', '7:17: "\\xf0\\x9f": invalid input'],
    ['foo', "end of input: expected an operator such as '=', '!=', '=~' or '!~'"],
    [
      'foo!',
      "3:4: unexpected end of input, expected one of '=~': expected an operator such as '=', '!=', '=~' or '!~'",
    ],
    ['foo!bar', "3:4: !: expected one of '=~': expected an operator such as '=', '!=', '=~' or '!~'"],
    ['foo="bar', '4:8: "bar: missing end ": expected label value'],
    ['{foo=bar}}', '9:10: }: expected end of input'],
    ['foo=~"("', 'failed to create matcher: error parsing regexp: missing closing ): `^(?:()$`'],
  ])('refuses %s', (input, message) => {
    expect(() => parseUtf8Matchers(input)).toThrow(message);
  });

  it('is one matcher where one is asked for', () => {
    expect(String(parseUtf8Matcher('{foo=bar,}'))).toBe('foo="bar"');
    expect(() => parseUtf8Matcher('{}')).toThrow('no matchers');
    expect(() => parseUtf8Matcher('foo=bar,bar=baz')).toThrow('expected 1 matcher, found 2');
  });
});
