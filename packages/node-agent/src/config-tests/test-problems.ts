import { outputsOf, type Wiring, type WiringProblem } from '@vigie/log-pipeline/agent/wiring';
import type { ConfigTest } from './test-section.ts';

/** Names in `tests` that no transform has. */
export function testProblems(
  { transforms }: Pick<Wiring, 'transforms'>,
  tests: readonly ConfigTest[],
): WiringProblem[] {
  const inputs = Object.keys(transforms);
  const outputs = inputs.flatMap((name) => outputsOf(transforms, name));
  const problems: WiringProblem[] = [];
  const check = (path: WiringProblem['path'], name: string, known: readonly string[]): void => {
    if (!known.includes(name)) problems.push({ path, expected: `the name of a transform (${known.join(', ')})` });
  };
  for (const [index, test] of tests.entries()) {
    const at = ['tests', index] as const;
    for (const [input, { insert_at: name }] of test.inputs.entries()) {
      check([...at, 'inputs', input, 'insert_at'], name, inputs);
    }
    for (const [output, { extract_from: name }] of test.outputs.entries()) {
      check([...at, 'outputs', output, 'extract_from'], name, outputs);
    }
    for (const [output, name] of test.no_outputs_from.entries()) {
      check([...at, 'no_outputs_from', output], name, outputs);
    }
  }
  return problems;
}
