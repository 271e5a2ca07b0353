import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { ParseAuto, parseAutoSchema } from '../../src/transforms/parse-auto.ts';
import { simdKernel } from '../kernel/kernels.ts';
import { contextOf } from './context.ts';
import { batchOf, extraOf } from './harness.ts';
import { parsedBy } from './parsed.ts';

function parseAuto(settings: object = {}): ParseAuto {
  return new ParseAuto(
    v.parse(parseAutoSchema, { type: 'parse_auto', inputs: ['pods'], keep_message: false, ...settings }),
  );
}

describe('parse_auto', () => {
  it('parses each record by what it looks like', () => {
    const { records, kept } = parsedBy(parseAuto(), simdKernel(), [
      '{"a":1}',
      'level=warn msg="x y"',
      'E1121 10:00:07.123456       1 controller.go:114] failed',
      '10.0.0.1 - - [x] "GET / HTTP/1.1" 200 5',
      "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
      'plain text',
      '{not json',
      '',
    ]);
    expect(records).toEqual([
      { a: 1 },
      { level: 'warn', msg: 'x y' },
      expect.objectContaining({ 'log.level': 'error', message: 'failed' }),
      expect.objectContaining({ 'source.address': '10.0.0.1', 'http.response.status_code': 200 }),
      expect.objectContaining({ 'log.syslog.appname': 'su', message: "'su root' failed" }),
      { message: 'plain text' },
      { message: '{not json' },
      { message: '' },
    ]);
    expect(kept).toEqual({ unknown_format: 3 });
  });

  it('puts what it found under the target, whatever the format', () => {
    const { records } = parsedBy(parseAuto({ target: 'parsed' }), simdKernel(), [
      '{"a":1}',
      'b=2',
      '::1 - - [x] "" 200 5',
    ]);
    expect(records).toEqual([
      { parsed: { a: 1 } },
      { parsed: { b: '2' } },
      { parsed: expect.objectContaining({ 'source.address': '::1' }) },
    ]);
  });

  it('hardly tries a format any more that a container only looks like, and tries it again once it fits', () => {
    const kernel = simdKernel();
    const transform = parseAuto();
    const log = {};
    const parsedOf = (messages: readonly string[], container: object) => {
      const batch = batchOf(kernel, messages);
      transform.apply(batch, contextOf({ log: container }));
      return messages.filter((_, row) => extraOf(batch, row) !== '').length;
    };
    const looksLikeIt = Array.from({ length: 100 }, () => '{broken');
    const json = Array.from({ length: 100 }, () => '{"a":1}');
    expect(parsedOf(looksLikeIt, log)).toBe(0);
    expect(parsedOf(json, {})).toBe(100);
    expect(parsedOf(json, log)).toBe(73); // from the 128th record on
    expect(parsedOf(json, log)).toBe(100);
  });
});
