import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { AS_WRITTEN } from '../../src/config/environment.ts';
import { Findings, formatWarning } from '../../src/config/findings.ts';
import { parseConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';

function findings(): Findings {
  return new Findings(parseConfig('a:\n  b: s3cret\n  c: [x, y]', 'f.yml', v.unknown(), AS_WRITTEN));
}

describe('what is said of a file', () => {
  it('names a value where it stands, or its key alone', () => {
    const found = findings();
    found.problem(['a', 'b'], 'something else');
    found.problemAtKey(['a', 'b'], 'something else');
    found.refuse(['a', 'b'], 'something else', 'no b');
    found.refuseKey(['a', 'b'], 'something else', 'no b');
    expect(found.problems.map(formatProblem)).toEqual([
      'f.yml:2:6: a.b: expected something else, got "s3cret"',
      'f.yml:2:3: a.b: expected something else, got "b"',
      'f.yml:2:6: a.b: expected something else (no b), got "s3cret"',
      'f.yml:2:3: a.b: expected something else (no b), got "b"',
    ]);
  });

  it('warns of keys, and of items of a list', () => {
    const found = findings();
    found.warn(['a', 'b'], 'has no effect');
    found.warn(['a', 'c', 1], 'has no effect');
    expect(found.problems).toEqual([]);
    expect(found.warnings.map(formatWarning)).toEqual([
      'f.yml:2:3: warning: a.b: has no effect',
      'f.yml:3:10: warning: a.c[1]: has no effect',
    ]);
  });
});
