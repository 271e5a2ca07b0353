import { expect, it } from 'vitest';
import { expandEnvironment } from '../../src/config/environment.ts';

const environment = { HOST: 'es-1', EMPTY: '', NESTED: '${HOST}' };

it.each([
  ['http://${HOST}:9200', 'http://es-1:9200'],
  ['${HOST}${HOST}', 'es-1es-1'],
  ['${PORT:-9200}', '9200'],
  ['${EMPTY:-fallback}', 'fallback'],
  ['${EMPTY}', ''],
  ['${PORT:-}', ''],
  ['${URL:-http://a:1/}', 'http://a:1/'],
  ['$${HOST}', '${HOST}'],
  ['${NESTED}', '${HOST}'],
])('expands %s to %s', (text, expected) => {
  expect(expandEnvironment(text, environment)).toEqual({ text: expected, missing: [] });
});

it.each(['$HOST', '${1}', '${}', '${HOST', 'plain', '{HOST}', '${a-b}'])('leaves %s alone', (text) => {
  expect(expandEnvironment(text, environment)).toBeUndefined();
});

it('names every variable that is not set', () => {
  expect(expandEnvironment('${A} ${HOST} ${B}', environment)).toEqual({ text: ' es-1 ', missing: ['A', 'B'] });
});
