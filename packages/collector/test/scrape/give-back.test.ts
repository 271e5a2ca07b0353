import { describe, expect, it } from 'vitest';
import { giveBack } from '../../src/scrape/give-back.ts';

describe('giveBack', () => {
  it.skipIf(!('transfer' in ArrayBuffer.prototype))('frees what a body takes', () => {
    const body = Buffer.alloc(100_000, 'reads 1\n');
    const view = body.subarray(10);
    giveBack(view);
    expect([body.byteLength, view.byteLength, body.buffer.byteLength]).toEqual([0, 0, 0]);
  });

  it('leaves small ones alone, which share their memory', () => {
    const small = Buffer.from('reads 1\n');
    const other = Buffer.from('writes 2\n');
    giveBack(small);
    expect([small.toString(), other.toString()]).toEqual(['reads 1\n', 'writes 2\n']);
  });
});
