import { describe, expect, it } from 'vitest';
import { decodeAnswer } from '../../src/query/answer.ts';
import { HISTOGRAM, success } from './answers.ts';

describe('decodeAnswer', () => {
  it('keeps values as the server wrote them, and labels and series in their order', () => {
    const result = [
      { metric: { __name__: 'up', job: 'b' }, value: [1.5, '0.30000000000000004'] },
      { metric: { job: 'a' }, value: [1.5, '+Inf'] },
    ];
    expect(decodeAnswer(success('vector', result, { infos: ['i'], warnings: ['w'] }))).toEqual({
      status: 'success',
      result: {
        type: 'vector',
        series: [
          { labels: { __name__: 'up', job: 'b' }, samples: [{ timestampMs: 1500, value: '0.30000000000000004' }] },
          { labels: { job: 'a' }, samples: [{ timestampMs: 1500, value: '+Inf' }] },
        ],
      },
      notes: ['w', 'i'],
    });
  });

  it('says of buckets which ends belong to them', () => {
    const answer = decodeAnswer(success('vector', [{ metric: {}, histogram: [1, HISTOGRAM] }]));
    expect(answer).toMatchObject({
      result: {
        series: [
          {
            samples: [
              {
                value: {
                  count: '10',
                  sum: '3.5',
                  buckets: [
                    { bounds: '[-0.5, 0)', count: '1' },
                    { bounds: '[0, 0]', count: '1' },
                    { bounds: '(0, 0.5]', count: '8' },
                    { bounds: '(0.5, 1)', count: '0.5' },
                  ],
                },
              },
            ],
          },
        ],
      },
    });
  });

  it('puts floats and histograms of a series in the order of time', () => {
    const result = [
      {
        metric: {},
        values: [
          [1, '1'],
          [3, '3'],
        ],
        histograms: [[2, { count: '1', sum: '2' }]],
      },
    ];
    expect(decodeAnswer(success('matrix', result))).toMatchObject({
      result: { series: [{ samples: [{ timestampMs: 1000 }, { timestampMs: 2000 }, { timestampMs: 3000 }] }] },
    });
  });

  it.each(['scalar', 'string'])('reads a %s', (type) => {
    expect(decodeAnswer(success(type, [2, '7']))).toMatchObject({
      result: { type, sample: { timestampMs: 2000, value: '7' } },
    });
  });

  it('reads an error', () => {
    const answer = { status: 'error', errorType: 'bad_data', error: 'no' };
    expect(decodeAnswer(answer)).toEqual(answer);
  });

  it.each([
    [undefined],
    [[]],
    [{ status: 'success' }],
    [success('vector', [{ value: [1, '2'] }])],
    [success('x', [])],
  ])('knows no other answers: %j', (json) => {
    expect(decodeAnswer(json)).toBeUndefined();
  });
});
