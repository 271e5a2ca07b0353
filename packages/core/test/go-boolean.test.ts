import { describe, expect, it } from 'vitest';
import { parseGoBoolean } from '../src/go-boolean.ts';

describe('a flag as Go reads it', () => {
  it.each([
    ['yes', ['1', 't', 'T', 'true', 'TRUE', 'True'], true],
    ['no', ['0', 'f', 'F', 'false', 'FALSE', 'False'], false],
    ['neither', ['', ' true', 'tRUE', 'yes', 'on', '2'], undefined],
  ] as const)('is %s', (_what, written, flag) => {
    expect(written.map(parseGoBoolean)).toEqual(written.map(() => flag));
  });
});
