/** deploy/alerting/alertmanager.yml: whom it tells of what. */
import { fileURLToPath } from 'node:url';
import { checkAlertmanagerFiles } from '@vigie/alerting/check-alertmanager-files';
import { runExplain } from '@vigie/alerting/explain/run-explain';
import { describe, expect, it } from 'vitest';

const FILE = fileURLToPath(new URL('../../deploy/alerting/alertmanager.yml', import.meta.url));
/** Both in Europe/Paris: Monday at noon, and Monday late in the evening. */
const DAY_MS = Date.parse('2026-11-30T11:00:00Z');
const NIGHT_MS = Date.parse('2026-11-30T22:00:00Z');

async function explained(labels: Readonly<Record<string, string>>, timeMs: number, firing: readonly string[] = []) {
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  const code = await runExplain({ config: FILE, labels: pairs, firing, timeMs }, { write }, { write });
  expect({ code, text }).toMatchObject({ code: 0 });
  return text;
}

/** Those that are told now. */
async function toldOf(labels: Readonly<Record<string, string>>, timeMs = DAY_MS): Promise<readonly string[]> {
  const text = await explained(labels, timeMs);
  return Array.from(text.matchAll(/^receiver (\S+)$/gm), ([, name = '']) => name);
}

async function isInhibited(labels: Readonly<Record<string, string>>, by: string): Promise<boolean> {
  return (await explained(labels, DAY_MS, [by])).includes(': inhibited by ');
}

describe('the shipped alertmanager.yml', () => {
  it('is one, without a warning', async () => {
    let text = '';
    const code = await checkAlertmanagerFiles([FILE], {
      write: (part) => {
        text += part;
      },
    });
    expect([code, text.trim().split('\n').length]).toEqual([0, 1]);
  });

  it('wakes somebody up for what is critical, at any time', async () => {
    const node = { alertname: 'NodeNotReady', severity: 'critical', node: 'a' };
    expect(await toldOf(node)).toEqual(['on-call']);
    expect(await toldOf(node, NIGHT_MS)).toEqual(['on-call']);
  });

  it('keeps what can wait until the morning', async () => {
    for (const severity of ['warning', 'info']) {
      expect(await toldOf({ alertname: 'PodPending', severity })).toEqual(['chat']);
      expect(await toldOf({ alertname: 'PodPending', severity }, NIGHT_MS)).toEqual([]);
    }
  });

  it('sends the watchdog to the heartbeat alone, and tells another receiver of one that cannot be told', async () => {
    expect(await toldOf({ alertname: 'Watchdog', severity: 'none' })).toEqual(['heartbeat']);
    const failing = { alertname: 'VigieNotificationsFailing', severity: 'critical', receiver: 'on-call' };
    expect(await toldOf(failing)).toEqual(['mail', 'on-call']);
  });

  it('tells somebody of what no route is for', async () => {
    expect(await toldOf({ alertname: 'Other', team: 'shop' })).toEqual(['chat']);
  });

  it('tells of the worse of two, and of the cause of many', async () => {
    const disk = { alertname: 'NodeDiskAlmostFull', severity: 'warning', instance: 'a', device: 'd', mountpoint: '/' };
    const worse = 'alertname=NodeDiskAlmostFull,severity=critical,instance=a,device=d,mountpoint=/';
    expect(await isInhibited(disk, worse)).toBe(true);
    expect(await isInhibited({ ...disk, mountpoint: '/data' }, worse)).toBe(false);
    const target = { alertname: 'TargetDown', severity: 'warning', job: 'kubelet', node: 'a', metrics_path: '/m' };
    expect(await isInhibited(target, 'alertname=AllTargetsDown,severity=critical,job=kubelet,metrics_path=/m')).toBe(
      true,
    );
    expect(await isInhibited(target, 'alertname=NodeNotReady,severity=critical,node=a')).toBe(true);
    expect(await isInhibited(target, 'alertname=NodeNotReady,severity=critical,node=b')).toBe(false);
    const down = { alertname: 'VigieSinkDown', severity: 'critical', pod: 'p', sink: 'es' };
    expect(await isInhibited(down, 'alertname=VigieSinkHeld,severity=critical,pod=p,sink=es,reason=auth')).toBe(true);
  });
});
