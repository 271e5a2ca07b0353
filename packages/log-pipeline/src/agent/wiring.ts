import type { ConfigPath } from '@vigie/core/config/problem';
import { UNMATCHED } from '../transforms/route.ts';

export interface Wiring {
  readonly sources: Readonly<Record<string, { readonly type?: string }>>;
  readonly transforms: Readonly<Record<string, WiredTransform>>;
  readonly sinks: Readonly<Record<string, { readonly inputs: readonly string[] }>>;
}

interface WiredTransform {
  readonly type?: string;
  readonly inputs: readonly string[];
  /** Of a transform of type route: by name. Its records leave by `NAME.ROUTE` and not by `NAME`. */
  readonly route?: Readonly<Record<string, unknown>> | undefined;
}

export interface WiringProblem {
  readonly path: ConfigPath;
  readonly expected: string;
}

/** What records of one source pass on their way to a component's inputs. */
export interface Way {
  readonly source: string;
  /** Each behind everything that leads to it. */
  readonly steps: readonly WayStep[];
}

export interface WayStep {
  readonly transform: string;
  /** By which records of this source come here. */
  readonly inputs: readonly string[];
  /** By which they go on: its name, or of a route those of its outputs that lead there. */
  readonly outputs: readonly string[];
}

/** Sources whose records are lines of files. */
const READS_LINES: ReadonlySet<string> = new Set(['kubernetes_logs', 'file']);

/** What is wrong with how components are joined: names that do not exist or are used twice, cycles, records
 *  that would reach a sink twice, components that lead nowhere. */
export function wiringProblems(wiring: Wiring): WiringProblem[] {
  const { sources, transforms, sinks } = wiring;
  const problems: WiringProblem[] = [];
  const outputs = [...Object.keys(sources), ...Object.keys(transforms).flatMap((name) => outputsOf(transforms, name))];
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
      used.add(componentOf(input));
      if (outputs.includes(input)) continue;
      const known = outputs.filter((output) => componentOf(output) !== name).join(', ');
      problems.push({
        path: [section, name, 'inputs', index],
        expected: `the name of a source or transform (${known})`,
      });
    }
  }
  for (const [name, { type, inputs }] of Object.entries(transforms)) {
    if (type !== 'multiline') continue;
    for (const [index, input] of inputs.entries()) {
      if (READS_LINES.has(sources[input]?.type ?? '')) continue;
      const expected = 'a source that reads files: lines are joined before anything else is done with them';
      problems.push({ path: ['transforms', name, 'inputs', index], expected });
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
    const twice = new Set(waysTo(wiring, inputs).flatMap((way) => (bringsTwice(way, inputs) ? [way.source] : [])));
    for (const source of twice) {
      problems.push({
        path: ['sinks', name, 'inputs'],
        expected: `inputs that bring the records of ${source} once, not by several ways`,
      });
    }
  }
  return problems;
}

/** The way of every source that leads to these inputs; names exist and nothing goes in circles. */
export function waysTo(
  { sources, transforms }: Pick<Wiring, 'sources' | 'transforms'>,
  inputs: readonly string[],
): Way[] {
  const order: string[] = [];
  const wanted = new Set<string>();
  const visit = (output: string): void => {
    wanted.add(output);
    const name = componentOf(output);
    const transform = transforms[name];
    if (transform === undefined || order.includes(name)) return;
    for (const input of transform.inputs) visit(input);
    order.push(name);
  };
  for (const input of inputs) visit(input);
  const from = Object.keys(sources).filter((source) => wanted.has(source));
  return from.map((source) => {
    const reached = new Set([source]);
    const steps: WayStep[] = [];
    for (const transform of order) {
      const taken = transforms[transform]?.inputs.filter((input) => reached.has(input)) ?? [];
      if (taken.length === 0) continue;
      const outputs = outputsOf(transforms, transform).filter((output) => wanted.has(output));
      for (const output of outputs) reached.add(output);
      steps.push({ transform, inputs: taken, outputs });
    }
    return { source, steps };
  });
}

/** Where two read the same output, each gets its records: only the outputs of a route share them out. */
function bringsTwice({ source, steps }: Way, sinkInputs: readonly string[]): boolean {
  const own = new Set([source, ...steps.flatMap(({ outputs }) => outputs)]);
  const read = [...steps.flatMap(({ inputs }) => inputs), ...sinkInputs.filter((input) => own.has(input))];
  return new Set(read).size < read.length;
}

/** What others may take as input from a transform. */
export function outputsOf(transforms: Wiring['transforms'], name: string): string[] {
  const route = transforms[name]?.route;
  return route === undefined ? [name] : [...Object.keys(route), UNMATCHED].map((output) => `${name}.${output}`);
}

/** Names of components have no dots. */
function componentOf(output: string): string {
  const dot = output.indexOf('.');
  return dot === -1 ? output : output.slice(0, dot);
}

function isInCycle(transforms: Wiring['transforms'], name: string): boolean {
  const seen = new Set<string>();
  const ahead = [...(transforms[name]?.inputs ?? [])].map(componentOf);
  for (let input = ahead.pop(); input !== undefined; input = ahead.pop()) {
    if (input === name) return true;
    if (seen.has(input)) continue;
    seen.add(input);
    ahead.push(...(transforms[input]?.inputs ?? []).map(componentOf));
  }
  return false;
}
