import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../src/remote-write/verdict.ts';
import { status } from './receiver-bed.ts';

const SENT = { samples: 2, histograms: 0, exemplars: 0 };
const WRITTEN = { 'x-prometheus-remote-write-samples-written': '2' };
const NOW = Date.UTC(2026, 0, 1);

function verdict(answer: Parameters<typeof verdictOf>[0], version: '1.0' | '2.0' = '2.0', retryOnHttp429 = true) {
  return verdictOf(answer, version, SENT, retryOnHttp429, NOW);
}

describe('what an answer means', () => {
  it.each([
    [204, {}, '1.0', { status: 'written', written: undefined }],
    [
      204,
      { ...WRITTEN, 'x-prometheus-remote-write-samples-written': '0' },
      '1.0',
      { status: 'written', written: undefined },
    ],
    [200, WRITTEN, '2.0', { status: 'written', written: SENT }],
    [200, {}, '2.0', { status: 'unsupported' }],
    [415, {}, '2.0', { status: 'unsupported' }],
    [415, {}, '1.0', { status: 'refused', httpStatus: 415 }],
    [400, WRITTEN, '2.0', { status: 'refused', written: SENT }],
    [404, {}, '1.0', { status: 'refused', httpStatus: 404 }],
    [302, {}, '1.0', { status: 'refused', httpStatus: 302 }],
    [500, {}, '1.0', { status: 'retry', afterMs: undefined, isAmbiguous: false }],
    [503, { 'retry-after': '3' }, '1.0', { status: 'retry', afterMs: 3_000 }],
    [503, { 'retry-after': new Date(NOW + 9_000).toUTCString() }, '1.0', { status: 'retry', afterMs: 9_000 }],
    [503, { 'retry-after': new Date(NOW - 9_000).toUTCString() }, '1.0', { status: 'retry', afterMs: undefined }],
    [503, { 'retry-after': 'soon' }, '1.0', { status: 'retry', afterMs: undefined }],
    [429, {}, '1.0', { status: 'retry' }],
  ] as const)('%d with %j in %s', (httpStatus, headers, version, expected) => {
    expect(verdict(status(httpStatus, headers), version)).toMatchObject(expected);
  });

  it('refuses for a 429 where that is wanted', () => {
    expect(verdict(status(429), '1.0', false)).toMatchObject({ status: 'refused', httpStatus: 429 });
  });

  it('is not known where none came', () => {
    expect(verdict({ status: 'failed', detail: 'ECONNRESET' })).toMatchObject({ status: 'retry', isAmbiguous: true });
  });
});
