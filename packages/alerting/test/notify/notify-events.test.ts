import { expect, it } from 'vitest';
import { HOOK, Lab, MAIL, MINUTE } from '../lab.ts';
import { config } from './world.ts';

it('tells of the flush and the repeat interval of what was sent, alike to all that are told of it', async () => {
  const lab = await new Lab(config(`${HOOK}, ${MAIL}`)).start();
  await lab.post({ alertname: 'A' });
  await lab.after(MINUTE);
  const sent = lab.history.filter(({ kind }) => kind === 'sent');
  const flush = { flushAtMs: MINUTE, repeatIntervalMs: 60 * MINUTE };
  expect(sent).toMatchObject([
    { integration: 'a/webhook/0', ...flush },
    { integration: 'a/email/1', ...flush },
  ]);
});

it('knows no repeat interval of a route that is no more', async () => {
  const lab = await new Lab(config()).start();
  await lab.post({ alertname: 'A' });
  await lab.after(MINUTE);
  lab.apply(config(HOOK, '', 'group_by: [alertname]'));
  await lab.resolve({ alertname: 'A' });
  await lab.after(10 * MINUTE);
  const ends = lab.history.filter((event) => event.kind === 'sent' && event.groupKey === '{}:{}').slice(1);
  expect(ends).toMatchObject([{ reason: 'all alerts resolved', repeatIntervalMs: undefined }]);
});

it('names the rule by which an alert inhibits another, as it was then', async () => {
  const rule = `{ name: nodes, source_matchers: [alertname="Node"], target_matchers: ['alertname=~"P.*"'], equal: [node] }`;
  const lab = await new Lab(config(HOOK, `inhibit_rules: [${rule}]`)).start();
  await lab.post({ alertname: 'Node', node: 'n' });
  await lab.post({ alertname: 'Pod', node: 'n' });
  await lab.after(MINUTE);
  expect(lab.history.find(({ kind }) => kind === 'muted')).toMatchObject({
    by: 'inhibition',
    rule: { name: 'nodes', source: '{alertname="Node"}', target: '{alertname=~"P.*"}', equal: ['node'] },
  });
});
