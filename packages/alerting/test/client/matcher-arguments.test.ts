import { describe, expect, it } from 'vitest';
import { matchersOfArguments, pairsOfArguments } from '../../src/client/matcher-arguments.ts';

describe('matchers of a command line', () => {
  it('may begin with the name of an alert', () => {
    const read = (...texts: readonly string[]) => matchersOfArguments(texts).map(String);
    expect(read('HighLatency', 'severity=page')).toEqual(['alertname="HighLatency"', 'severity="page"']);
    expect(read('High latency!')).toEqual(['alertname="High latency!"']);
    expect(read('severity=~"a|b"')).toEqual(['severity=~"a|b"']);
  });

  it.each([
    'severity=~"("',
    'severity~page',
    '=page',
  ])('take no name of an alert for what is meant as a matcher: %s', (text) => {
    expect(() => matchersOfArguments([text])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('have their values in pairs where an option takes those', () => {
    expect(pairsOfArguments('--annotation', ['a=b', 'c="d e"'])).toEqual({ a: 'b', c: 'd e' });
    for (const text of ['b', 'a!=b', 'a=~b'])
      expect(() => pairsOfArguments('--annotation', [text])).toThrow(`--annotation: expected NAME=VALUE, got ${text}`);
  });
});
