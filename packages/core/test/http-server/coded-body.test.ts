import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { codedBody } from '../../src/http-server/coded-body.ts';

const requestOf = (bytes: Buffer, coding?: string) => ({
  headers: coding === undefined ? {} : { 'content-encoding': coding },
  body: async () => bytes,
});

describe('the body of a request', () => {
  it('is what came, without a coding or with one that is its format', async () => {
    const plain = Buffer.from('reads 1');
    expect(await codedBody(requestOf(plain), 100, ['gzip'])).toBe(plain);
    expect(await codedBody(requestOf(plain, 'identity'), 100, ['gzip'])).toBe(plain);
    expect(await codedBody(requestOf(plain, 'snappy'), 100, ['snappy'])).toBe(plain);
  });

  it('is decompressed up to its bound', async () => {
    expect(await codedBody(requestOf(gzipSync('reads 1'), 'gzip'), 7, ['gzip'])).toEqual(Buffer.from('reads 1'));
    await expect(codedBody(requestOf(gzipSync('reads 12'), 'gzip'), 7, ['gzip'])).rejects.toMatchObject({
      status: 413,
    });
  });

  it('is refused where it is no gzip, or of another coding', async () => {
    await expect(codedBody(requestOf(Buffer.from('x'), 'gzip'), 7, ['gzip'])).rejects.toMatchObject({ status: 400 });
    await expect(codedBody(requestOf(Buffer.from('x'), 'br'), 7, ['gzip'])).rejects.toMatchObject({ status: 415 });
  });
});
