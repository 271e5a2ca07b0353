import { expect, it } from 'vitest';
import { seriesText } from '../../src/query/series-text.ts';

it.each([
  [{ __name__: 'up' }, 'up'],
  [{}, '{}'],
  [{ __name__: 'up', job: 'vigie', instance: 'a:1' }, 'up{job="vigie", instance="a:1"}'],
  [{ job: 'a "quoted"\nname' }, '{job="a \\"quoted\\"\\nname"}'],
  [{ __name__: 'http.status', 'pod.name': 'a' }, '{"http.status", "pod.name"="a"}'],
  [{ __name__: 'up', evil: '\u001b[2J' }, 'up{evil="\\x1b[2J"}'],
])('%j is %s', (labels, text) => {
  expect(seriesText(labels)).toBe(text);
});
