import { describe, expect, it } from 'vitest';
import { escapeRegex } from '../../src/regex/escape-regex.ts';
import { compileRegex } from '../../src/regex/regex.ts';

describe('escapeRegex', () => {
  it.each([
    '',
    'a.b',
    'a+b*c?',
    '(a|b)',
    '[a]{1}',
    '^$',
    'a\\b',
    'a-b/c é',
  ])('matches %j as it stands, and no more', (text) => {
    const regex = compileRegex(`^(?:${escapeRegex(text)})$`);
    expect(regex.test(text)).toBe(true);
    expect(regex.test(`${text}x`)).toBe(false);
  });

  it('escapes what Go does', () => {
    expect(escapeRegex('\\.+*?()|[]{}^$-/a')).toBe('\\\\\\.\\+\\*\\?\\(\\)\\|\\[\\]\\{\\}\\^\\$-/a');
  });
});
