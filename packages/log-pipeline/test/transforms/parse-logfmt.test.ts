import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { ParseLogfmt, parseLogfmtSchema } from '../../src/transforms/parse-logfmt.ts';
import { simdKernel } from '../kernel/kernels.ts';
import { SEEDED } from '../kernel/seeded.ts';
import { parsedBy } from './parsed.ts';

function parse(lines: readonly (string | Uint8Array)[], settings: object = {}) {
  const section = v.parse(parseLogfmtSchema, {
    type: 'parse_logfmt',
    inputs: ['pods'],
    keep_message: false,
    ...settings,
  });
  return parsedBy(new ParseLogfmt(section), simdKernel(), lines);
}

describe('parse_logfmt', () => {
  it.each([
    ['level=info msg="it works" dur=1.5ms', { level: 'info', msg: 'it works', dur: '1.5ms' }],
    ['a= b="" c="x=y z"', { a: '', b: '', c: 'x=y z' }],
    ['\ta=1  b=2 ', { a: '1', b: '2' }],
    ['msg="a \\"b\\" \\n\\u00e9 \\x \\u12"', { msg: 'a "b" \né \\x \\u12' }],
    ['path=C:\\dir q=a"b', { path: 'C:\\dir', q: 'a"b' }],
    ['a=1 a=2', { a: '2' }],
    ['ключ=знач x="\u0001"', { ключ: 'знач', x: '\u0001' }],
    ['half="\\ud800"', { half: '\ufffd' }],
    ['url=http://h/?a=b', { url: 'http://h/?a=b' }],
  ])('reads %s', (line, members) => {
    expect(parse([line]).records).toEqual([members]);
  });

  it.each([
    'just text',
    'word a=1',
    'a="open',
    'a="x"y',
    '=1',
    '"a"=1',
    '',
    ' ',
    'at x(y=z)',
  ])('leaves %j, which is not logfmt', (line) => {
    const { records, kept } = parse([line]);
    expect(records).toEqual([{ message: line }]);
    expect(kept).toEqual({ not_logfmt: 1 });
  });

  it('takes words for members where bare keys are allowed, beside one pair at least', () => {
    expect(parse(['ready a=1 done', 'only words'], { bare_keys: true }).records).toEqual([
      { ready: true, a: '1', done: true },
      { message: 'only words' },
    ]);
  });

  it('moves what collides with what the record has, or takes all under the target', () => {
    expect(parse(['stream=x kubernetes.pod=y a=1']).records).toEqual([
      { a: '1', logfmt: { stream: 'x', 'kubernetes.pod': 'y' } },
    ]);
    expect(parse(['stream=x'], { target: 'fields' }).records).toEqual([{ fields: { stream: 'x' } }]);
  });

  it('drops what it cannot read, when told so', () => {
    expect(parse(['a=1', 'text'], { on_error: 'drop' })).toMatchObject({
      records: [{ a: '1' }, 'dropped'],
      dropped: { not_logfmt: [1, 5] },
    });
  });

  it('makes JSON of any bytes it takes for logfmt', () => {
    const part = fc.oneof(
      fc.constantFrom('a', '=', '"', '\\', ' ', 'b=1', '\\u', 'é', '\t', '\u0001', '\\"'),
      fc.uint8Array({ maxLength: 2 }),
    );
    const line = fc
      .array(part, { maxLength: 12 })
      .map((parts) => Buffer.concat([Buffer.from('k=v '), ...parts.map((one) => Buffer.from(one))]));
    fc.assert(
      fc.property(line, (bytes) => {
        // parsedBy reads the members with JSON.parse.
        expect(parse([bytes], { bare_keys: true }).records).toHaveLength(1);
      }),
      { ...SEEDED, numRuns: 500 },
    );
  });
});
