import { expect, it } from 'vitest';
import { parseMatchers } from '../../src/matchers/parse-matchers.ts';
import { previewSilence } from '../../src/silences/silence-preview.ts';
import { alertOf } from '../dispatch/world.ts';

const ALERTS = Array.from({ length: 20 }, (_, index) =>
  alertOf({ alertname: index < 12 ? 'Slow' : 'Full', n: `${index}`, team: 'a' }),
);

it.each([
  ['alertname=Full', 8, undefined],
  ['alertname=Slow', 12, 'it silences 12 of the 20 alerts that there are now'],
  ['n=~"1.*",alertname!=Full', 3, undefined],
  ['alertname!=Watchdog', 20, 'no matcher says what is to be silenced: all but what they exclude is'],
  ['team=~.+', 20, 'its regular expressions match any value: every alert that has the labels is silenced'],
  ['team=~"(?:.*)",n!="1"', 19, 'its regular expressions match any value: every alert that has the labels is silenced'],
  ['alertname=Nobody', 0, undefined],
])('%s silences %i', (matchers, count, warning) => {
  const preview = previewSilence(parseMatchers(matchers).matchers, ALERTS);
  expect([preview.silenced.length, preview.alerts, preview.warning]).toEqual([count, 20, warning]);
});
