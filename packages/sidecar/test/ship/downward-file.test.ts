import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDownwardFile } from '../../src/ship/downward-file.ts';

/** As the kubelet writes it: Go's %q. */
function quoted(value: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
    '\\': '\\\\',
    '"': '\\"',
  };
  const written = Array.from(value, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const named = escapes[character];
    if (named !== undefined) return named;
    if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
    if (code < 0x80) return character;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return `"${written.join('')}"`;
}

describe('a file of the downward API', () => {
  it('is labels as the kubelet writes them, without a newline at the end', () => {
    expect(parseDownwardFile('app="web"\napp.kubernetes.io/name="shop"')).toEqual({
      app: 'web',
      'app.kubernetes.io/name': 'shop',
    });
    expect(parseDownwardFile('')).toEqual({});
  });

  it('keeps any text of an annotation', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]([a-z./-]*[a-z])?$/), fc.string({ unit: 'binary' })),
        (values) => {
          const text = Object.entries(values).map(([key, value]) => `${key}=${quoted(value)}`);
          expect(parseDownwardFile(text.join('\n'))).toEqual({ ...values });
        },
      ),
      { seed: 20261129 },
    );
  });

  it.each([
    'app',
    'app=web',
    'app="web',
    'app="\\q"',
    'app="\\u12"',
    'app="\\UFFFFFFFF"',
    '="web"',
    'app="\\"',
  ])('is not %s', (text) => {
    expect(parseDownwardFile(text)).toBeUndefined();
  });

  it('has U+FFFD for a byte that was no UTF-8', () => {
    expect(parseDownwardFile('a="\\xff\\x01"')).toEqual({ a: '\ufffd\x01' });
  });
});
