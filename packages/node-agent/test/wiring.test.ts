import { describe, expect, it } from 'vitest';
import { pathsTo, type Wiring, wiringProblems } from '../src/wiring.ts';

function wiring(transforms: Record<string, string[]>, sinks: Record<string, string[]>, sources = ['pods']): Wiring {
  const withInputs = (entries: Record<string, string[]>): Record<string, { inputs: string[] }> =>
    Object.fromEntries(Object.entries(entries).map(([name, inputs]) => [name, { inputs }]));
  return {
    sources: Object.fromEntries(sources.map((name) => [name, {}])),
    transforms: withInputs(transforms),
    sinks: withInputs(sinks),
  };
}

describe('wiringProblems', () => {
  const good: [string, Wiring][] = [
    ['a source to a sink', wiring({}, { es: ['pods'] })],
    ['through transforms', wiring({ a: ['pods'], b: ['a'] }, { es: ['b'] })],
    ['one source to two sinks', wiring({ a: ['pods'] }, { es: ['a'], file: ['pods'] })],
    ['two sources to one sink', wiring({}, { es: ['pods', 'apps'] }, ['pods', 'apps'])],
  ];
  it.each(good)('accepts %s', (_name, given) => {
    expect(wiringProblems(given)).toEqual([]);
  });

  const bad: [string, Wiring, (string | number)[]][] = [
    ['an input that does not exist', wiring({}, { es: ['pods', 'nope'] }), ['sinks', 'es', 'inputs', 1]],
    ['a sink as input', wiring({}, { es: ['pods'], file: ['es'] }), ['sinks', 'file', 'inputs', 0]],
    ['a transform named as a source', wiring({ pods: ['pods'] }, { es: ['pods'] }), ['transforms', 'pods']],
    ['a cycle', wiring({ a: ['b'], b: ['a'] }, { es: ['b'] }), ['transforms', 'a', 'inputs']],
    ['a transform that leads nowhere', wiring({ a: ['pods'] }, { es: ['pods'] }), ['transforms', 'a']],
    ['a source that leads nowhere', wiring({}, { es: ['pods'] }, ['pods', 'apps']), ['sources', 'apps']],
    ['records that arrive by two ways', wiring({ a: ['pods'] }, { es: ['a', 'pods'] }), ['sinks', 'es', 'inputs']],
  ];
  it.each(bad)('refuses %s', (_name, given, path) => {
    expect(wiringProblems(given)[0]?.path).toEqual(path);
  });
});

describe('pathsTo', () => {
  it('lists transforms in the order in which records pass them', () => {
    expect(pathsTo(wiring({ a: ['pods'], b: ['a'] }, {}), ['b'])).toEqual([{ source: 'pods', transforms: ['a', 'b'] }]);
  });
});
