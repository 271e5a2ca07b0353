import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { Redact, redactSchema } from '../../src/transforms/redact.ts';
import { KERNELS, simdKernel } from '../kernel/kernels.ts';
import { parsedBy } from './parsed.ts';

function redact(settings: object): Redact {
  return new Redact(v.parse(redactSchema, { type: 'redact', inputs: ['pods'], ...settings }));
}

describe.each(KERNELS)('redact (%s)', (_kind, create) => {
  it('replaces in messages what the presets find, and leaves other records alone', () => {
    const { records } = parsedBy(redact({ presets: ['email', 'ipv4', 'jwt'] }), create(), [
      'clean',
      'a@b.io from 10.0.0.1',
      'clean again, 1.2',
      'é 10.0.0.1\u0001',
      '',
    ]);
    expect(records.map((record) => typeof record === 'object' && record.message)).toEqual([
      'clean',
      '[email] from [ipv4]',
      'clean again, 1.2',
      'é [ipv4]\u0001',
      '',
    ]);
  });

  it('replaces in members: in strings at any depth, in numbers, behind escapes; names stay', () => {
    const transform = redact({ presets: ['email', 'card_number'], patterns: [{ name: 'quote', pattern: '"x"' }] });
    const { records } = parsedBy(
      transform,
      create(),
      ['m', 'm'],
      [
        '"a@b.io":"to c@d.io","n":{"list":["x",4111111111111111,-1.5e3,true,null]},"e":"say \\"x\\" at a\\u0040b.io"',
        '"a":"b"',
      ],
    );
    expect(records).toEqual([
      {
        message: 'm',
        'a@b.io': 'to [email]',
        n: { list: ['x', '[card_number]', -1500, true, null] },
        e: 'say [quote] at [email]',
      },
      { message: 'm', a: 'b' },
    ]);
  });

  it('drops what it has no room to redact, rather than let it go', () => {
    const long = `${'x '.repeat(4_000)}a@b.io`;
    const { records, dropped } = parsedBy(redact({ presets: ['email'] }), create(), [long, long, long, 'ok']);
    expect(records.slice(2)).toEqual(['dropped', { message: 'ok' }]);
    expect(dropped).toEqual({ no_room_to_redact: [1, long.length + 1] });
  });
});

describe('redact', () => {
  it('hashes with the key of the configuration', () => {
    const transform = redact({ presets: ['ipv4'], mode: 'hash', hash_key: 'k' });
    const [record] = parsedBy(transform, simdKernel(), ['10.0.0.1 10.0.0.1']).records;
    expect(record).toEqual({ message: expect.stringMatching(/^(\[ipv4:[0-9a-f]{16}\]) \1$/) });
  });

  it.each([
    [{}, 'presets or patterns'],
    [{ presets: ['email'], mode: 'hash' }, 'hash_key with mode: hash'],
    [{ presets: ['email'], hash_key: 'k' }, 'hash_key with mode: hash'],
    [{ patterns: [{ name: 'a', pattern: '(' }] }, 'a regular expression in RE2 syntax'],
    [{ patterns: [{ name: 'a"b', pattern: 'x' }] }, 'a name of letters'],
  ])('refuses %o', (settings, problem) => {
    const { issues = [] } = v.safeParse(redactSchema, { type: 'redact', inputs: ['pods'], ...settings });
    expect(issues.map(({ message }) => message).join()).toContain(problem);
  });
});
