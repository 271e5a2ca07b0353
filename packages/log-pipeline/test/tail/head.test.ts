import { describe, expect, it } from 'vitest';
import { HEAD_BYTES, headMatches, headOf } from '../../src/tail/head.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

describe('headOf', () => {
  it('waits for the first newline', () => {
    expect(headOf(bytes('no end'))).toBeUndefined();
    expect(headOf(bytes(''))).toBeUndefined();
  });

  it('does not change as the file grows', () => {
    expect(headOf(bytes('one\n'))).toEqual(headOf(bytes('one\ntwo\n')));
  });

  it('takes HEAD_BYTES of a longer line', () => {
    const head = headOf(bytes('x'.repeat(HEAD_BYTES + 5)));
    expect(head?.length).toBe(HEAD_BYTES);
    expect(head).toEqual(headOf(bytes(`${'x'.repeat(HEAD_BYTES + 500)}\n`)));
  });

  it('takes what there is when nothing more will come', () => {
    const head = headOf(bytes('cut'), true);
    expect(head?.length).toBe(3);
    expect(headOf(bytes(''), true)).toBeUndefined();
  });
});

describe('headMatches', () => {
  it('tells a file that grew from another', () => {
    const head = headOf(bytes('one\n'));
    if (head === undefined) throw new Error('no head');
    expect(headMatches(head, bytes('one\ntwo'))).toBe(true);
    expect(headMatches(head, bytes('0ne\ntwo'))).toBe(false);
    expect(headMatches(head, bytes('on'))).toBe(false);
  });
});
