import type { AnyValue } from '@vigie/wire/otlp/values';
import { expect, it } from 'vitest';
import { attributeText } from '../../src/otlp/attribute-text.ts';

const text = (value: string): AnyValue => ({ kind: 'string', value });

it.each<[AnyValue, string]>([
  [{ kind: 'empty' }, ''],
  [text('a"b'), 'a"b'],
  [{ kind: 'bool', value: true }, 'true'],
  [{ kind: 'int', value: -(2n ** 63n) }, '-9223372036854775808'],
  [{ kind: 'double', value: 1e21 }, '1e+21'],
  [{ kind: 'double', value: 0.0000001 }, '1e-7'],
  [{ kind: 'double', value: -0 }, '-0'],
  [{ kind: 'double', value: Number.NaN }, 'json: unsupported value: NaN'],
  [{ kind: 'bytes', value: Buffer.of(1, 255) }, 'Af8='],
  [
    { kind: 'array', value: [text('<a>\u2028'), { kind: 'int', value: 1n }, { kind: 'empty' }] },
    '["<a>\\u2028",1,null]',
  ],
  [
    {
      kind: 'kvlist',
      value: [
        { key: 'b', value: text('x') },
        { key: 'a', value: { kind: 'double', value: 1.5 } },
        { key: 'b', value: { kind: 'bytes', value: Buffer.of(1) } },
      ],
    },
    '{"a":1.5,"b":"AQ=="}',
  ],
  [{ kind: 'array', value: [{ kind: 'double', value: Number.POSITIVE_INFINITY }] }, ''],
])('%s is %s', (value, wanted) => {
  expect(attributeText(value)).toBe(wanted);
});
