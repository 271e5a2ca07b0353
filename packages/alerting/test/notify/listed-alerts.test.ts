import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/dispatch/alert.ts';
import { listedAlerts, summaryOf } from '../../src/notify/listed-alerts.ts';
import { notificationData } from '../../src/templates/notification-data.ts';
import { NotificationTemplates } from '../../src/templates/notification-templates.ts';
import { alertOf } from '../dispatch/world.ts';

const storm = (count: number, labels: (index: number) => Readonly<Record<string, string>>, endsAtMs?: number) =>
  Array.from({ length: count }, (_, index) => alertOf(labels(index), 0, 0, endsAtMs));

describe('what is said of many alerts', () => {
  it.each<readonly [string, readonly Alert[]]>([
    [
      '+412 more by cluster, namespace: 300 prod/shop, 100 prod/pay, 12 test/shop',
      storm(412, (index) => ({
        alertname: 'Down',
        cluster: index < 400 ? 'prod' : 'test',
        namespace: index >= 300 && index < 400 ? 'pay' : 'shop',
        pod: String(index),
        severity: index % 2 === 0 ? 'page' : 'ticket',
      })),
    ],
    [
      '+20 more by namespace: 7 a, 7 b, 6 c',
      storm(20, (index) => ({ alertname: 'Down', namespace: 'abc'[index % 3] ?? '', x: String(index) })),
    ],
    ['+6 more by job: 4 -, 2 web', storm(6, (index) => ({ alertname: 'Down', ...(index < 2 ? { job: 'web' } : {}) }))],
    [
      '+20 more by node: 2 0, 2 1, 2 2, 2 3, 2 4, 10 of 5 others',
      storm(20, (index) => ({ alertname: 'Down', node: String(index % 10), pod: String(index) })),
    ],
    ['+3 more', storm(3, (index) => ({ alertname: 'Down', pod: String(index) }))],
  ])('is by the labels of fewest values, where they are first: %s', (expected, alerts) => {
    expect(summaryOf(alerts)).toBe(expected);
  });
});

describe('the list of a digest', () => {
  it('is whole where it is short', () => {
    expect(
      listedAlerts(
        storm(3, (index) => ({ pod: String(index) })),
        0,
        3,
      ),
    ).toBeUndefined();
  });

  it('has what fires first, and one entry for others that fire, and for those that are over', () => {
    const firing = storm(4, (index) => ({ alertname: 'A', pod: String(index) }));
    const over = storm(3, (index) => ({ alertname: `B${index}`, pod: String(index) }), 50);
    const listed = listedAlerts([...over, ...firing], 100, 2) ?? [];
    expect(listed.map(({ labels, endsAtMs }) => [labels.get('alertname'), labels.get('pod'), endsAtMs])).toEqual([
      ['A', '0', undefined],
      ['A', '1', undefined],
      ['A', '', undefined],
      ['+3 more', '', 50],
    ]);
    expect(listed[2]?.annotations.toJSON()).toEqual({ summary: '+2 more' });
  });

  it('is shown by any template, under a subject that counts all', () => {
    const alerts = storm(30, (index) => ({
      alertname: 'Down',
      cluster: 'x',
      namespace: index % 2 === 0 ? 'a' : 'b',
      pod: `p${index}`,
    }));
    const [first] = alerts;
    const data = notificationData(
      {
        ...{ receiver: 'mail', groupKey: '{}:{}', groupLabels: first!.labels.filter((name) => name === 'cluster') },
        ...{ routeLabels: {}, reason: 'first notification', timeMs: 0, alerts, listed: listedAlerts(alerts, 0, 2) },
      },
      'http://am',
    );
    const { text } = new NotificationTemplates(() => 0).render(data);
    expect(text('{{ template "__subject" . }}')).toBe('[FIRING:30] x (Down)');
    expect(text('{{ len .Alerts }} {{ len .Alerts.Firing }} {{ len .Alerts.Resolved }}')).toBe('30 30 0');
    expect(text('{{ range .Alerts.Firing }}{{ .Labels.pod }}{{ .Annotations.summary }} {{ end }}')).toBe(
      'p0 p1 +28 more by namespace: 14 a, 14 b ',
    );
  });
});
