/** Cases of prometheus/otlptranslator v1.0.0, label_namer_test.go. */
import { expect, it } from 'vitest';
import { LabelNames, labelName } from '../../src/otlp/label-name.ts';

const style = { isEscaped: true, hasKeyPrefix: false, keepsUnderscores: false };

it.each([
  ['label:with:colons', 'label_with_colons', 'label_with_colons'],
  ['label!with&special$chars)', 'label_with_special_chars_', 'label_with_special_chars_'],
  ['label_with_foreign_characters_字符', 'label_with_foreign_characters_', 'label_with_foreign_characters___'],
  ['123label', 'key_123label', 'key_123label'],
  ['__label_starting_with_2underscores', '_label_starting_with_2underscores', '__label_starting_with_2underscores'],
  ['label.name__with&&special', 'label_name_with_special', 'label_name__with__special'],
  ['__reserved__label__name__', '__reserved_label_name__', '__reserved__label__name__'],
  ['trailing_underscores___', 'trailing_underscores_', 'trailing_underscores___'],
  ['ようこそ', undefined, undefined],
  ['', undefined, undefined],
])('%s becomes %s, or with as many underscores %s', (attribute, collapsed, kept) => {
  expect(labelName(attribute, style)).toBe(collapsed);
  expect(labelName(attribute, { ...style, keepsUnderscores: true })).toBe(kept);
});

it('is a key where it begins with one underscore, if wanted', () => {
  const prefixed = { ...style, hasKeyPrefix: true, keepsUnderscores: true };
  expect(labelName('_label', prefixed)).toBe('key_label');
  expect(labelName('__label', prefixed)).toBe('__label');
});

it('is left as it is without escaping, unless it is of underscores alone', () => {
  const names = new LabelNames({ ...style, isEscaped: false });
  expect([names.of('http.method'), names.of('http.method'), names.of('__')]).toEqual([
    'http.method',
    'http.method',
    undefined,
  ]);
});
