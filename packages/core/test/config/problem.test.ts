import { expect, it } from 'vitest';
import { formatProblem } from '../../src/config/problem.ts';

function shown(got: string): string {
  return formatProblem({ file: 'a.yaml', line: 1, column: 2, path: ['url'], expected: 'a URL', got });
}

it.each([
  ['"https://elastic:hunter2@es:9200/"', '"https://elastic:***@es:9200/"'],
  ['"https://elastic:12345@es"', '"https://elastic:***@es"'],
  ['"https://elastic:hun/t@er2@es"', '"https://elastic:***@es"'],
  ['"https://:hunter2@es"', '"https://:***@es"'],
  ['"https://elastic:hunter2hunter2…', '"https://elastic:***@'],
  ['"http://es:9200/path"', '"http://es:9200/path"'],
  ['"http://es:9200"', '"http://es:9200"'],
  ['"no url: at all"', '"no url: at all"'],
])('shows %s as %s', (got, wanted) => {
  expect(shown(got)).toBe(`a.yaml:1:2: url: expected a URL, got ${wanted}`);
});
