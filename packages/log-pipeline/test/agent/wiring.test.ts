import { describe, expect, it } from 'vitest';
import { type Wiring, waysTo, wiringProblems } from '../../src/agent/wiring.ts';

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

describe('the inputs of multiline', () => {
  const joined = (source: string, inputs: string[]): Wiring => ({
    sources: { in: { type: source } },
    transforms: { first: { inputs: ['in'] }, lines: { type: 'multiline', inputs } },
    sinks: { es: { inputs: ['lines'] } },
  });
  it.each(['kubernetes_logs', 'file'])('are sources of type %s', (source) => {
    const { transforms, ...rest } = joined(source, ['in']);
    expect(wiringProblems({ ...rest, transforms: { lines: transforms.lines ?? { inputs: [] } } })).toEqual([]);
  });

  it('are not other transforms', () => {
    expect(wiringProblems(joined('kubernetes_logs', ['first']))[0]?.path).toEqual(['transforms', 'lines', 'inputs', 0]);
  });

  it('are not sources whose records are whole', () => {
    expect(wiringProblems(joined('otlp', ['in']))[0]?.path).toEqual(['transforms', 'lines', 'inputs', 0]);
  });
});

/** `split` has the routes `a` and `b`. */
function routed(transforms: Record<string, string[]>, sinks: Record<string, string[]>): Wiring {
  const plain = wiring(transforms, sinks);
  return { ...plain, transforms: { ...plain.transforms, split: { inputs: ['pods'], route: { a: {}, b: {} } } } };
}

describe('wiringProblems of routes', () => {
  const good: [string, Wiring][] = [
    ['one output', routed({}, { es: ['split.a'] })],
    ['several outputs to one sink', routed({}, { es: ['split.a', 'split.b', 'split._unmatched'] })],
    ['outputs by different transforms to one sink', routed({ x: ['split.a'] }, { es: ['x', 'split.b'] })],
    ['outputs that join in a transform', routed({ x: ['split.a', 'split.b'] }, { es: ['x'] })],
    ['one output to two sinks', routed({}, { es: ['split.a'], file: ['split.a'] })],
  ];
  it.each(good)('accepts %s', (_name, given) => {
    expect(wiringProblems(given)).toEqual([]);
  });

  const bad: [string, Wiring, (string | number)[]][] = [
    ['a route by its bare name', routed({}, { es: ['split'] }), ['sinks', 'es', 'inputs', 0]],
    ['an output that it does not have', routed({}, { es: ['split.c'] }), ['sinks', 'es', 'inputs', 0]],
    [
      'an output of a transform that is no route',
      routed({ x: ['split.a'] }, { es: ['x.a'] }),
      ['sinks', 'es', 'inputs', 0],
    ],
    ['the same output twice', routed({}, { es: ['split.a', 'split.a'] }), ['sinks', 'es', 'inputs']],
    [
      'an output by two transforms',
      routed({ x: ['split.a'], y: ['split.a'] }, { es: ['x', 'y'] }),
      ['sinks', 'es', 'inputs'],
    ],
    ['the source beside its route', routed({}, { es: ['split.a', 'pods'] }), ['sinks', 'es', 'inputs']],
    [
      'a route that leads back',
      routed({ x: ['split.a', 'y'], y: ['x'] }, { es: ['y'] }),
      ['transforms', 'x', 'inputs'],
    ],
    ['a route that nobody takes', routed({}, { es: ['pods'] }), ['transforms', 'split']],
  ];
  it.each(bad)('refuses %s', (_name, given, path) => {
    expect(wiringProblems(given)[0]?.path).toEqual(path);
  });
});

describe('waysTo', () => {
  it('lists transforms in the order in which records pass them', () => {
    const steps = [
      { transform: 'a', inputs: ['pods'], outputs: ['a'] },
      { transform: 'b', inputs: ['a'], outputs: ['b'] },
    ];
    expect(waysTo(wiring({ b: ['a'], a: ['pods'] }, {}), ['b'])).toEqual([{ source: 'pods', steps }]);
  });

  it('leaves out what does not lead there', () => {
    const given = routed({ x: ['split.a'], y: ['x', 'split.b'], z: ['split._unmatched'] }, {});
    const steps = [
      { transform: 'split', inputs: ['pods'], outputs: ['split.a', 'split.b'] },
      { transform: 'x', inputs: ['split.a'], outputs: ['x'] },
      { transform: 'y', inputs: ['x', 'split.b'], outputs: ['y'] },
    ];
    expect(waysTo(given, ['y'])).toEqual([{ source: 'pods', steps }]);
  });

  it('keeps sources apart', () => {
    const given = wiring({ a: ['pods', 'apps'], b: ['apps'] }, {}, ['pods', 'apps']);
    expect(waysTo(given, ['a']).map(({ source }) => source)).toEqual(['pods', 'apps']);
    expect(waysTo(given, ['b']).map(({ source }) => source)).toEqual(['apps']);
  });
});
