import { describe, expect, it } from 'vitest';
import { parseClassicMatchers } from '../../src/matchers/classic-matchers.ts';

const read = (input: string): readonly string[][] =>
  parseClassicMatchers(input).map(({ name, operator, value }) => [name, operator, value]);

/** Alertmanager's own table: pkg/labels/parse_test.go. */
describe('classic matchers', () => {
  it.each([
    ['{}', []],
    ["{foo='}", [['foo', '=', "'"]]],
    ['{foo=`}', [['foo', '=', '`']]],
    ['{foo=\\"}', [['foo', '=', '"']]],
    ['{foo=bar}', [['foo', '=', 'bar']]],
    ['{foo="bar"}', [['foo', '=', 'bar']]],
    ['{foo=~bar.*}', [['foo', '=~', 'bar.*']]],
    ['{foo!="bar"}', [['foo', '!=', 'bar']]],
    ['{foo!~bar.*}', [['foo', '!~', 'bar.*']]],
    [
      '{foo="bar", baz!~".*quux", derp="wat"}',
      [
        ['foo', '=', 'bar'],
        ['baz', '!~', '.*quux'],
        ['derp', '=', 'wat'],
      ],
    ],
    ['{foo=""}', [['foo', '=', '']]],
    [
      '{foo="bar,quux", job="job1"}',
      [
        ['foo', '=', 'bar,quux'],
        ['job', '=', 'job1'],
      ],
    ],
    [
      '{foo = "bar", dings != "bums", }',
      [
        ['foo', '=', 'bar'],
        ['dings', '!=', 'bums'],
      ],
    ],
    [
      'foo=bar,dings!=bums',
      [
        ['foo', '=', 'bar'],
        ['dings', '!=', 'bums'],
      ],
    ],
    [
      '{quote="She said: \\"Hi, ladies! That\'s gender-neutral…\\""}',
      [['quote', '=', 'She said: "Hi, ladies! That\'s gender-neutral…"']],
    ],
    ['statuscode=~"5.."', [['statuscode', '=~', '5..']]],
    ['tricky=~~~', [['tricky', '=~', '~~']]],
    ['trickier==\\\\=\\=\\"', [['trickier', '=', '=\\=\\="']]],
    [
      'contains_quote != "\\"" , contains_comma !~ "foo,bar" , ',
      [
        ['contains_quote', '!=', '"'],
        ['contains_comma', '!~', 'foo,bar'],
      ],
    ],
    ['{foo=bar}}', [['foo', '=', 'bar}']]],
    ['{foo=bar}},}', [['foo', '=', 'bar}}']]],
    [
      '{foo=,bar=}}',
      [
        ['foo', '=', ''],
        ['bar', '=', '}'],
      ],
    ],
    ['{foo=bar\\t}', [['foo', '=', 'bar\\t']]],
    ['{foo=bar\\n}', [['foo', '=', 'bar\n']]],
    ['{foo=bar\\}', [['foo', '=', 'bar\\']]],
    ['{foo=bar\\\\}', [['foo', '=', 'bar\\']]],
    ['{foo=bar\\"}', [['foo', '=', 'bar"']]],
    ['job=', [['job', '=', '']]],
    ['{foo=', [['foo', '=', '']]],
    ['{foo=}b', [['foo', '=', '}b']]],
  ])('reads %s', (input, matchers) => {
    expect(read(input)).toEqual(matchers);
  });

  it.each([
    [',', 'bad matcher format: '],
    ['{,}', 'bad matcher format: '],
    ['job="value', 'matcher value contains unescaped double quote: "value'],
    ['job=value"', 'matcher value contains unescaped double quote: value"'],
    ['trickier==\\\\=\\=\\""', 'matcher value contains unescaped double quote: =\\\\=\\=\\""'],
    ['contains_unescaped_quote = foo"bar', 'matcher value contains unescaped double quote: foo"bar'],
    ['{invalid-name = "valid label"}', 'bad matcher format: invalid-name = "valid label"'],
    ['{foo=~"invalid[regexp"}', 'error parsing regexp: missing closing ]: `[regexp)$`'],
    ['"{foo=\\"bar"}', 'bad matcher format: "{foo=\\"bar"'],
    ['"foo="bar""', 'bad matcher format: "foo="bar""'],
    ['{{foo=', 'bad matcher format: {foo='],
  ])('refuses %s', (input, message) => {
    expect(() => parseClassicMatchers(input)).toThrow(expect.objectContaining({ message }));
  });
});
