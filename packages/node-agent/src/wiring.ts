import type { ConfigPath } from '@vigie/core/config/problem';

export interface Wiring {
  readonly sources: Readonly<Record<string, unknown>>;
  readonly transforms: Readonly<Record<string, { readonly inputs: readonly string[] }>>;
  readonly sinks: Readonly<Record<string, { readonly inputs: readonly string[] }>>;
}

export interface WiringProblem {
  readonly path: ConfigPath;
  readonly expected: string;
}

/** The source and the transforms that records pass on their way to a component's inputs. */
export interface WiringPath {
  readonly source: string;
  readonly transforms: readonly string[];
}

/** What is wrong with how components are joined: names that do not exist or are used twice, cycles, records
 *  that would reach a sink twice, components that lead nowhere. */
export function wiringProblems(wiring: Wiring): WiringProblem[] {
  const { sources, transforms, sinks } = wiring;
  const problems: WiringProblem[] = [];
  const outputs = [...Object.keys(sources), ...Object.keys(transforms)];
  for (const name of Object.keys(transforms)) {
    if (Object.hasOwn(sources, name)) {
      problems.push({ path: ['transforms', name], expected: 'a name that no source has' });
    }
  }
  const readers = [
    ...Object.entries(transforms).map(([name, { inputs }]) => ({ section: 'transforms', name, inputs })),
    ...Object.entries(sinks).map(([name, { inputs }]) => ({ section: 'sinks', name, inputs })),
  ];
  const used = new Set<string>();
  for (const { section, name, inputs } of readers) {
    for (const [index, input] of inputs.entries()) {
      used.add(input);
      if (outputs.includes(input)) continue;
      const known = outputs.filter((output) => output !== name).join(', ');
      problems.push({
        path: [section, name, 'inputs', index],
        expected: `the name of a source or transform (${known})`,
      });
    }
  }
  for (const name of Object.keys(transforms)) {
    if (isInCycle(transforms, name)) {
      problems.push({ path: ['transforms', name, 'inputs'], expected: 'inputs that do not lead back to it' });
    }
  }
  if (problems.length > 0) return problems;
  for (const [section, names] of [
    ['sources', Object.keys(sources)],
    ['transforms', Object.keys(transforms)],
  ] as const) {
    for (const name of names) {
      if (!used.has(name))
        problems.push({ path: [section, name], expected: 'a transform or sink that takes it as input' });
    }
  }
  for (const [name, { inputs }] of Object.entries(sinks)) {
    const seen = new Set<string>();
    for (const { source } of pathsTo(wiring, inputs)) {
      if (!seen.has(source)) {
        seen.add(source);
        continue;
      }
      problems.push({
        path: ['sinks', name, 'inputs'],
        expected: `inputs that bring the records of ${source} once, not by several ways`,
      });
    }
  }
  return problems;
}

/** Every path that ends in these inputs; names exist and nothing goes in circles. */
export function pathsTo(wiring: Pick<Wiring, 'sources' | 'transforms'>, inputs: readonly string[]): WiringPath[] {
  return inputs.flatMap((input) => {
    if (Object.hasOwn(wiring.sources, input)) return [{ source: input, transforms: [] }];
    const transform = wiring.transforms[input];
    if (transform === undefined) return [];
    return pathsTo(wiring, transform.inputs).map(({ source, transforms }) => ({
      source,
      transforms: [...transforms, input],
    }));
  });
}

function isInCycle(transforms: Wiring['transforms'], name: string): boolean {
  const seen = new Set<string>();
  const ahead = [...(transforms[name]?.inputs ?? [])];
  for (let input = ahead.pop(); input !== undefined; input = ahead.pop()) {
    if (input === name) return true;
    if (seen.has(input)) continue;
    seen.add(input);
    ahead.push(...(transforms[input]?.inputs ?? []));
  }
  return false;
}
