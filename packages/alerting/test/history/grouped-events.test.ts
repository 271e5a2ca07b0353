import { describe, expect, it } from 'vitest';
import { HOOK, Lab, MINUTE } from '../lab.ts';
import { config, TIMERS } from '../two-receivers.ts';

/** `alert receiver group`, since the last call. */
function grouped(lab: Lab): readonly string[] {
  return lab.history
    .splice(0)
    .flatMap((event) =>
      event.kind === 'grouped' ? [`${event.labels.get('alertname')} ${event.receiver} ${event.groupKey}`] : [],
    );
}

describe('an alert that joins a group', () => {
  it('is an event once: not when it comes again, at no flush, and not after a restart', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    expect(grouped(lab)).toEqual(['A a {}:{}', 'B a {}:{}']);
    await lab.post({ alertname: 'A' });
    await lab.after(20 * MINUTE);
    await lab.post({ alertname: 'B' });
    await lab.crash(MINUTE);
    await lab.post({ alertname: 'A' });
    await lab.after(20 * MINUTE);
    expect(grouped(lab)).toEqual([]);
  });

  it('is one of each group that it is told in', async () => {
    const routes = 'routes: [{ receiver: b, matchers: [\'x="1"\'], continue: true, group_by: [x] }, { receiver: a }]';
    const lab = await new Lab(config(`${TIMERS}\n  ${routes}`)).start();
    await lab.post({ alertname: 'A', x: '1' });
    expect(grouped(lab)).toEqual(['A b {}/{x="1"}:{x="1"}', 'A a {}/{}:{}']);
  });

  it('is one again when it fires again, and none when its end is told again', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    await lab.resolve({ alertname: 'A' });
    await lab.after(5 * MINUTE);
    expect(grouped(lab)).toEqual(['A a {}:{}']);
    await lab.resolve({ alertname: 'A' });
    expect(grouped(lab)).toEqual([]);
    await lab.post({ alertname: 'A' });
    expect(grouped(lab)).toEqual(['A a {}:{}']);
  });

  it('is one where a reload puts it in another group, and none where its group goes on', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    grouped(lab);
    lab.apply(config(TIMERS.replace('1m', '2m')));
    expect(grouped(lab)).toEqual([]);
    lab.apply(config(`${TIMERS}\n  routes: [{ receiver: b, matchers: ['alertname="B"'] }]`));
    expect(grouped(lab)).toEqual(['B b {}/{alertname="B"}:{}']);
    lab.apply(`receivers: [{ name: a, ${HOOK} }]\nroute:\n  receiver: a\n  ${TIMERS}\n`);
    expect(grouped(lab)).toEqual(['B a {}:{}']);
  });
});
