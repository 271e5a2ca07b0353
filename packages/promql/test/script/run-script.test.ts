import { describe, expect, it } from 'vitest';
import { openMemoryStorage } from '../../src/script/memory.ts';
import { runScript, type ScriptOutcome } from '../../src/script/run-script.ts';

const run = (text: string): Promise<ScriptOutcome> => runScript(text, openMemoryStorage, new AbortController().signal);

describe('a script', () => {
  it('says of each case that fails where it is, what was expected and what came', async () => {
    const outcome = await run(`load 1m
  a{x="1"} 1 2 3

eval instant at 1m a
  a{x="1"} 2

eval instant at 1m a
  a{x="1"} 3

eval instant at 1m a
  a{x="2"} 2

eval range from 0 to 2m step 1m a
  a{x="1"} 1 2

eval instant at 1m 1 + 1
  3
`);
    expect(outcome.passed).toBe(1);
    expect(outcome.failures).toEqual([
      { line: 7, query: 'a', expected: 'a{x="1"} 3', got: 'a{x="1"} 2' },
      { line: 10, query: 'a', expected: 'no series a{x="1"}', got: 'a{x="1"} 2' },
      { line: 13, query: 'a', expected: 'a{x="1"} 1 2', got: 'a{x="1"} 1@0 2@60 3@120' },
      { line: 16, query: '1 + 1', expected: 'scalar 3', got: 'scalar 2' },
    ]);
  });

  it('fails where an error, or none, is not expected', async () => {
    const { failures } = await run(`eval instant at 1m a +

eval instant at 1m 1
  expect fail

eval instant at 1m a +
  expect fail msg: other
`);
    expect(failures.map(({ line, expected, got }) => [line, expected, got])).toEqual([
      [1, 'an answer', 'error: 1:4: parse error: unexpected end of input'],
      [3, 'an error', 'none'],
      [6, 'error other', 'error: 1:4: parse error: unexpected end of input'],
    ]);
  });

  it('holds annotations to what is expected of them', async () => {
    const { failures } = await run(`load 1m
  a 1 2 3

eval instant at 2m rate(a[2m])
  expect no_info
  {} 0.016666666666666666

eval instant at 2m rate(a[2m])
  expect warn
  {} 0.016666666666666666
`);
    expect(failures.map(({ line, expected }) => [line, expected])).toEqual([
      [4, 'no infos'],
      [8, 'warn of any kind'],
    ]);
  });

  it.each([
    ['lod 1m', 1, 'invalid command "lod 1m"'],
    ['load 1x', 1, 'invalid duration "1x"'],
    ['load 1m\n  a{ 1', 2, 'expected a label: "1"'],
    ['load 1m\n  a 1y', 2, 'expected a value: "1y"'],
    ['load 1m\n  a {{schem:1}}', 2, 'bad histogram descriptor found: "schem": ""'],
    ['load 1m\n  a@st -1m\n  a 1 2', 3, '@st line has 1 values but sample line has 2'],
    ['eval sometimes a', 1, 'invalid evaluation command'],
    ['eval instant at 1m a\n  expect luck', 2, /^invalid expect statement/],
  ])('that cannot be read says at which line: %j', async (text, line, reason) => {
    const { passed, failures } = await run(text);
    expect(passed).toBe(0);
    expect(failures).toEqual([
      {
        line,
        query: '',
        expected: 'a line that can be read',
        got: typeof reason === 'string' ? reason : expect.stringMatching(reason),
      },
    ]);
  });
});
