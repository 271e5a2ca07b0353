import { describe, expect, it } from 'vitest';
import type { Expr } from '../../src/syntax/ast.ts';
import { parseExpr, parseSelector } from '../../src/syntax/parse.ts';
import { ParseError } from '../../src/syntax/parse-error.ts';
import { printExpr } from '../../src/syntax/print.ts';

/** The message, or what the query prints as. */
function outcome(query: string, experimental = false): string {
  try {
    return printExpr(parseExpr(query, { experimental }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('what is accepted', () => {
  it.each([
    ['1', '1'],
    ['+0.5e-1', '0.05'],
    ['0x1F', '31'],
    ['1_000', '1000'],
    ['2.', '2'],
    ['2.e3 + 1', '2000 + 1'],
    ['Inf', '+Inf'],
    ['-inf', '-Inf'],
    ['5m', '5m'],
    ['-2 ^ 2', '-2 ^ 2'],
    ['2 ^ -2', '2 ^ -2'],
    ['1 + 2 * 3 ^ 2', '1 + 2 * 3 ^ 2'],
    ['"a\\n\\x41\\u00e9"', '"a\\nAé"'],
    ["'it'", '"it"'],
    ['`raw \\n`', '"raw \\\\n"'],
    ['up', 'up'],
    ['up{}', 'up'],
    ['{__name__="up"}', '{__name__="up"}'],
    ['{"a.b", x="1"}', '{__name__="a.b",x="1"}'],
    ['up{b="1",a=~"x|y",}', 'up{a=~"x|y",b="1"}'],
    ['up offset 5m', 'up offset 5m'],
    ['up offset -1d2h', 'up offset -1d2h'],
    ['up @ 1.5', 'up @ 1.500'],
    ['up[5m] @ start() offset 1m', 'up[5m] @ start() offset 1m'],
    ['up[1800]', 'up[30m]'],
    ['up[2m*(10+5)]', 'up[2m * (10 + 5)]'],
    ['up[STEP() + 1]', 'up[step() + 1]'],
    ['rate(up[5m:1m])', 'rate(up[5m:1m])'],
    ['(up)[1h:30s] @ end()', '(up)[1h:30s] @ end()'],
    ['sum(up) by (a, "b c")', 'sum by (a, "b c") (up)'],
    ['SUM without() (up)', 'sum without () (up)'],
    ['topk(3, up)', 'topk(3, up)'],
    ['a + on(x) group_left(y) b', 'a + on (x) group_left (y) b'],
    ['a == bool 1', 'a == bool 1'],
    ['a and ignoring(x) b or c', 'a and ignoring (x) b or c'],
    ['a[step() + 1m:]', 'a[step() + 1m:]'],
    ['sum_over_time(rate(b[5m])[step():])', 'sum_over_time(rate(b[5m])[step():])'],
    ['sum + avg', 'sum + avg'],
    ['a + b offset 5m', 'a + b offset 5m'],
    ['-a @ 5', '-a @ 5.000'],
    ['-(a) # a comment', '-(a)'],
    ['-a', '-a'],
    ['label_replace(a, "d", "$1", "s", "(.*)")', 'label_replace(a, "d", "$1", "s", "(.*)")'],
    ['round(a)', 'round(a)'],
    ['hour()', 'hour()'],
  ])('%s', (query, printed) => {
    expect(outcome(query)).toBe(printed);
  });

  it.each([
    ['limitk(1, a)', 'limitk(1, a)'],
    ['a + fill(0) b', 'a + fill (0) b'],
    ['a * fill_left(1) fill_right(2) b', 'a * fill_left (1) fill_right (2) b'],
    ['rate(a[5m] anchored)', 'rate(a[5m] anchored)'],
    ['a smoothed', 'a smoothed'],
    ['a </ 1', 'a </ 1'],
    ['info(a, {x=~".*"})', 'info(a, {x=~".*"})'],
    ['min_of(1, 2)', 'min_of(1, 2)'],
    ['up[min_of(step(), 1h)]', 'up[min_of(step(), 1h)]'],
  ])('%s, with the experimental language', (query, printed) => {
    expect(outcome(query, true)).toBe(printed);
    if (query !== 'up[min_of(step(), 1h)]') expect(outcome(query)).toMatch(/experimental|not enabled/);
  });
});

describe('what stands behind an operand', () => {
  const shape = (expr: Expr): string => {
    switch (expr.kind) {
      case 'binary':
        return `(${shape(expr.left)} ${expr.operator} ${shape(expr.right)})`;
      case 'unary':
        return `(${expr.operator}${shape(expr.expr)})`;
      default:
        return printExpr(expr);
    }
  };

  it.each([
    ['a + b offset 5m', '(a + b offset 5m)'],
    ['a + b offset 5m * c', '(a + (b offset 5m * c))'],
    ['a * b offset 5m + c', '((a * b offset 5m) + c)'],
    ['a ^ b @ 1 ^ c', '(a ^ (b @ 1.000 ^ c))'],
    ['a - b @ 1 - c', '((a - b @ 1.000) - c)'],
    ['-a @ 1 ^ 2', '(-(a @ 1.000 ^ 2))'],
    ['-a offset 1m * b', '((-a offset 1m) * b)'],
    ['a or b and c offset 1m == d @ 2', '(a or (b and (c offset 1m == d @ 2.000)))'],
    ['a + b offset 5m @ 3 > c', '((a + b @ 3.000 offset 5m) > c)'],
    ['-2 ^ 2 ^ 3', '(-(2 ^ (2 ^ 3)))'],
    ['1 - -2 ^ 2', '(1 - (-(2 ^ 2)))'],
  ])('is of that operand: %s', (query, expected) => {
    expect(shape(parseExpr(query))).toBe(expected);
  });

  it.each([
    ['a offset (2m * 3) - 5m', 'a offset (2m * 3) - 5m'],
    ['a offset (1m) - min_of(step(), (2m)) > 5', '(a offset (1m) - min_of(step(), (2m)) > 5)'],
    ['a offset -(1m) - 5', '(a offset -(1m) - 5)'],
    ['a offset --1m * 2', 'a offset 1m * 2'],
    ['sum(a offset (1m) + (2m)) - a', '(sum(a offset (1m) + (2m)) - a)'],
    ['a offset 1m - 5', '(a offset 1m - 5)'],
  ])('an offset in brackets, or with two signs, goes on: %s', (query, expected) => {
    expect(shape(parseExpr(query))).toBe(expected);
  });
});

describe('keywords where names stand', () => {
  it.each([
    ['offset', 'offset'],
    ['Offset{a="b"} offset 5m', 'Offset{a="b"} offset 5m'],
    ['clamp_max( offset -(30s + 1m), -3)', 'clamp_max(offset - (30s + 1m), -3)'],
    ['offset --1m', 'offset - -1m'],
    ['rate(offset[5m] offset (1m) - 5m)', 'rate(offset[5m] offset (1m) - 5m)'],
    ['a + on(offset) group_left offset', 'a + on (offset) group_left () offset'],
    ['a > bool offset or offset', 'a > bool offset or offset'],
    ['# of the clock\n offset # by\n offset 5m', 'offset offset 5m'],
    ['a[5m] offset 1m', 'a[5m] offset 1m'],
    ['a @ end() offset 1m', 'a @ end() offset 1m'],
    ['sum by (atan2) (a{atan2="b",without="c"}) atan2 b', 'sum by (atan2) (a{atan2="b",without="c"}) atan2 b'],
  ])('%s', (query, printed) => {
    expect(outcome(query)).toBe(printed);
  });

  it('take an offset behind what fills for a metric, and one that is offset for an error', () => {
    expect(outcome('a + fill(0) offset', true)).toBe('a + fill (0) offset');
    expect(outcome('a offset offset')).toBe(`1:10: parse error: unexpected <offset> ${IN_OFFSET}`);
  });

  it.each([
    ['atan2', '1:1: parse error: unexpected <op:atan2>'],
    ['a + on (b) atan2', '1:12: parse error: unexpected <op:atan2>'],
    ['a atan2 atan2{b="c"}', '1:9: parse error: unexpected <op:atan2>'],
    ['sum by (without) (a)', '1:9: parse error: unexpected <without> in grouping opts, expected label'],
    ['a + on (b, without) c', '1:12: parse error: unexpected <without> in grouping opts, expected label'],
  ])('%s is none', (query, message) => {
    expect(outcome(query)).toBe(message);
  });
});

const IN_OFFSET = 'in offset, expected number, duration, step(), or range()';

describe('what is refused, and in which words', () => {
  it.each([
    ['', 'unknown position: parse error: no expression found in input'],
    ['# nothing', '1:1: parse error: no expression found in input'],
    ['a b', '1:3: parse error: unexpected identifier "b"'],
    ['1 2', '1:3: parse error: unexpected number "2"'],
    ['a +', '1:4: parse error: unexpected end of input'],
    ['a + * b', '1:5: parse error: unexpected <op:*>'],
    ['sum(a', '1:6: parse error: unclosed left parenthesis'],
    ['a)', "1:2: parse error: unexpected right parenthesis ')'"],
    ['a{', '1:3: parse error: unexpected end of input inside braces'],
    ['a{b}', '1:4: parse error: unexpected "}" in label matching, expected label matching operator'],
    ['a{b=c}', '1:5: parse error: unexpected identifier "c" in label matching, expected string'],
    ['a{b="c" d="e"}', '1:9: parse error: unexpected identifier "d" in label matching, expected "," or "}"'],
    ['a{b="c}', '1:5: parse error: unterminated quoted string'],
    ['"abc', '1:1: parse error: unterminated quoted string'],
    ['a[5m', '1:5: parse error: unexpected end of input in duration expression'],
    ['a[5m]]', "1:6: parse error: unexpected right bracket ']'"],
    ['a[0s]', '1:3: parse error: duration must be greater than 0'],
    ['a[1m / 0]', '1:6: parse error: division by zero'],
    ['a[1m % (2m) % 0s]', '1:13: parse error: modulo by zero'],
    ['a[step():1m]', '1:10: parse error: unexpected colon before duration in duration expression'],
    ['a[max_of(step(), range()):]', '1:27: parse error: unexpected colon before duration in duration expression'],
    ['a offset', `1:9: parse error: unexpected end of input ${IN_OFFSET}`],
    ['a offset (1m * 2) - b', `1:21: parse error: unexpected identifier "b" ${IN_OFFSET}`],
    ['a offset - -1m > 2 + a offset --1m ^ b', `1:38: parse error: unexpected identifier "b" ${IN_OFFSET}`],
    ['a offset (1m5m * 2)', '1:11: parse error: not a valid duration string: "1m5m"'],
    ['a offset (1m) - 1s1m', '1:17: parse error: not a valid duration string: "1s1m"'],
    ['a offset (1m 5m)', `1:14: parse error: unexpected duration "5m" ${IN_OFFSET}`],
    ['a offset (b)', `1:11: parse error: unexpected identifier "b" ${IN_OFFSET}`],
    ['a @', '1:4: parse error: unexpected end of input in @, expected timestamp'],
    ['sum by a (b)', '1:8: parse error: unexpected identifier "a" in grouping opts, expected "("'],
    ['a $ b', "1:3: parse error: unexpected character: '$'"],
    ['foo(a)', '1:1: parse error: unknown function with name "foo"'],
    ['rate(a[5m],)', '1:11: parse error: trailing commas not allowed in function call args'],
    ['rate(a)', '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
    ['rate(a[5m], 1)', '1:1: parse error: expected 1 argument(s) in call to "rate", got 2'],
    ['label_join(a)', '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1'],
    ['round(a, 1, 2)', '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'],
    ['sum()', '1:1: parse error: no arguments for aggregate expression provided'],
    ['topk(a)', '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1'],
    ['sum(1)', '1:5: parse error: expected type instant vector in aggregation expression, got scalar'],
    ['{a=""}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['a{__name__="b"}', '1:1: parse error: metric name must not be set twice: "a" or "b"'],
    ['1 == 1', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
    ['a + bool b', '1:3: parse error: bool modifier can only be used on comparison operators'],
    ['1 and a', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ['a and on(x) group_left() b', '1:1: parse error: no grouping allowed for "and" operation'],
    ['a + on(x) group_left(x) b', '1:3: parse error: label "x" must not occur in ON and GROUP clause at once'],
    ['a + on(x) 1', '1:1: parse error: vector matching only allowed between instant vectors'],
    ['a[5m] + 1', '1:1: parse error: binary expression must contain only scalar and instant vector types'],
    [
      '-"a"',
      '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
    ],
    ['1[5m]', '1:2: parse error: ranges only allowed for vector selectors'],
    ['up[5m:][1h:]', '1:1: parse error: subquery is only allowed on instant vector, got matrix instead'],
    ['1[5m:]', '1:1: parse error: subquery is only allowed on instant vector, got scalar instead'],
    [
      'sum(a) offset 5m',
      '1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    ],
    ['a offset 1m offset 2m', '1:1: parse error: offset may not be set multiple times'],
    ['a @ 1 @ 2', '1:1: parse error: @ <timestamp> may not be set multiple times'],
    ['a @ Inf', '1:1: parse error: timestamp out of bounds for @ modifier: +Inf'],
    ['sum(\n  rate(a))', '2:8: parse error: expected type range vector in call to function "rate", got instant vector'],
    ['{é="1"} + b c', "1:2: parse error: unexpected character inside braces: 'é'"],
    ['"é" + b c', '1:10: parse error: unexpected identifier "c"'],
  ])('%s', (query, message) => {
    expect(outcome(query)).toBe(message);
  });

  it('refuses a regular expression that is none, at its matcher', () => {
    expect(outcome('a{b=~"("}')).toBe('1:3: parse error: error parsing regexp: missing closing ): `(`');
  });

  it('refuses what is nested too deeply rather than to overflow the stack', () => {
    expect(outcome(`${'('.repeat(2000)}a${')'.repeat(2000)}`)).toMatch(/nested deeper than/);
    expect(outcome(`${'-'.repeat(20_000)}a`)).toMatch(/nested deeper than/);
  });

  it('refuses what is longer than 1 MiB', () => {
    expect(outcome(`a${' '.repeat(1 << 20)}`)).toMatch(/query is longer than/);
  });
});

describe('a selector for match[]', () => {
  it('is its matchers', () => {
    expect(parseSelector('up{job=~"a.*"}').map(({ name, operator, value }) => `${name}${operator}${value}`)).toEqual([
      'job=~a.*',
      '__name__=up',
    ]);
  });

  it('is nothing but a selector', () => {
    const refusal = (query: string): string => {
      try {
        return JSON.stringify(parseSelector(query));
      } catch (error) {
        return error instanceof ParseError ? error.message : String(error);
      }
    };
    expect(refusal('sum(up)')).toBe('1:4: parse error: unexpected "("');
    expect(refusal('up offset 5m')).toBe('1:4: parse error: unexpected <offset>');
    expect(refusal('up @ 5')).toBe('1:4: parse error: unexpected <op:@>');
    expect(refusal('up{a="b"}[5m]')).toBe('1:10: parse error: unexpected "["');
    expect(refusal('1')).toBe('1:1: parse error: unexpected number "1"');
    expect(refusal('(up)')).toBe('1:1: parse error: unexpected "("');
    expect(refusal('')).toBe('unknown position: parse error: unexpected end of input');
  });

  it('may match series without any label: that is for its caller to refuse', () => {
    expect(parseSelector('{a=""}')).toHaveLength(1);
    expect(parseSelector('{}')).toEqual([]);
  });
});
