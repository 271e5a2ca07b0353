import { expect, it } from 'vitest';
import { unescapeName } from '../../src/api/label-name.ts';

it.each([
  ['job', 'job'],
  ['_x', '_x'],
  ['U__http_2e_status', 'http.status'],
  ['U__a__b', 'a_b'],
  ['U__', ''],
  ['U___e4_', 'ä'],
  ['U___1F9C0_x', '🧀x'],
  ['U__http_2e', 'U__http_2e'],
  ['U__a_zz_', 'U__a_zz_'],
  ['U__a_110000_', 'U__a_110000_'],
  ['U__a_d800_', 'U__a_d800_'],
])('%s is the name %s', (escaped, name) => {
  expect(unescapeName(escaped)).toBe(name);
});
