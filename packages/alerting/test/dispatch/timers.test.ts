/** Alertmanager's timers and its decisions to tell, sentence by sentence of its dispatcher and notification log, on a clock that the test moves:
 *  what comes when (`M:SS +A` fires, `-A` is over), and what is told when. */
import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../src/engine-settings.ts';
import { HOOK, Lab, MAIL, MINUTE, SECOND } from '../lab.ts';

interface Row {
  /** Of Alertmanager. */
  readonly sentence: string;
  /** Of the route; Alertmanager's defaults are 30s, 5m and 4h. */
  readonly timers?: string;
  readonly kind?: 'webhook' | 'email';
  readonly options?: Partial<EngineOptions>;
  readonly script: string;
  /** How long a receiver takes. */
  readonly takesMs?: number;
  readonly untilMs: number;
  readonly told: readonly string[];
}

/** Without what Vigie does beyond Alertmanager. */
const ALERTMANAGER: Partial<EngineOptions> = { resolveWhatFired: false, resolveReason: false, startupHoldMs: 0 };
const HOUR = 60 * MINUTE;

const ROWS: readonly Row[] = [
  {
    sentence: 'a new group is told after group_wait, of all that came until then',
    script: '0:00 +A, 0:29 +B',
    untilMs: 5 * MINUTE,
    told: ['0:30 first notification A B'],
  },
  {
    sentence: 'group_wait of 0s tells at once',
    timers: 'group_wait: 0s',
    script: '0:10 +A',
    untilMs: MINUTE,
    told: ['0:10 first notification A'],
  },
  {
    sentence: 'a new group is told at once where startsAt + group_wait has been',
    script: '2:00 +A since 1:29',
    untilMs: 5 * MINUTE,
    told: ['2:00 first notification A'],
  },
  {
    sentence: 'and after group_wait where that is still to come',
    script: '2:00 +A since 1:31',
    untilMs: 5 * MINUTE,
    told: ['2:30 first notification A'],
  },
  {
    sentence: 'a flush is due a group_interval after the beginning of the one before, however long that takes',
    script: '0:00 +A, 1:00 +B',
    takesMs: 2 * MINUTE,
    untilMs: 10 * MINUTE,
    told: ['2:30 first notification A', '7:30 new alerts added A B'],
  },
  {
    sentence: 'a flush may take as long as group_interval',
    timers: 'group_interval: 1m',
    script: '0:00 +A',
    takesMs: 61 * SECOND,
    untilMs: 5 * MINUTE,
    told: [],
  },
  {
    sentence: 'but 10 s at least',
    timers: 'group_interval: 4s',
    script: '0:00 +A',
    takesMs: 9 * SECOND,
    untilMs: 5 * MINUTE,
    told: ['0:39 first notification A'],
  },
  {
    sentence: 'an alert that is over before its group is told is told to nobody',
    script: '0:00 +A, 0:20 -A',
    untilMs: HOUR,
    told: [],
  },
  {
    sentence: 'an alert that is over and comes again between two flushes was never over',
    script: '0:00 +A, 1:00 -A, 2:00 +A',
    untilMs: HOUR,
    told: ['0:30 first notification A'],
  },
  {
    sentence: 'new alerts are told at the next group_interval',
    script: '0:00 +A, 0:31 +B',
    untilMs: HOUR,
    told: ['0:30 first notification A', '5:30 new alerts added A B'],
  },
  {
    sentence: 'ends are told at the next group_interval, once, and what is over is forgotten',
    script: '0:00 +A, 0:00 +B, 1:00 -A, 6:00 -B, 12:00 +A',
    untilMs: HOUR,
    told: [
      '0:30 first notification A B',
      '5:30 some alerts resolved -A B',
      '10:30 all alerts resolved -B',
      '12:30 first notification A',
    ],
  },
  {
    sentence: 'a group all of whose alerts are over is no more: the next begins with group_wait',
    timers: 'group_wait: 2m',
    script: '0:00 +A, 3:00 -A, 8:00 +B',
    untilMs: HOUR,
    told: ['2:00 first notification A', '7:00 all alerts resolved -A', '10:00 first notification B'],
  },
  {
    sentence: 'without send_resolved ends are not told, and are no reason to tell',
    kind: 'email',
    script: '0:00 +A, 0:00 +B, 1:00 -A',
    untilMs: HOUR,
    told: ['0:30 first notification A B'],
  },
  {
    sentence: 'but are remembered: what comes after all are over is told as the first',
    kind: 'email',
    script: '0:00 +A, 1:00 -A, 6:00 +A',
    untilMs: HOUR,
    told: ['0:30 first notification A', '6:30 first notification A'],
  },
  {
    sentence: 'what goes on is told again when more than repeat_interval has passed, at a group_interval',
    script: '0:00 +A',
    untilMs: 9 * HOUR,
    told: ['0:30 first notification A', '245:30 repeat interval elapsed A', '490:30 repeat interval elapsed A'],
  },
  {
    sentence: 'a repeat_interval that is no multiple of group_interval waits for the next',
    timers: 'repeat_interval: 12m',
    script: '0:00 +A',
    untilMs: 40 * MINUTE,
    told: ['0:30 first notification A', '15:30 repeat interval elapsed A', '30:30 repeat interval elapsed A'],
  },
  {
    sentence: 'a repeat_interval of one group_interval has not been passed one group_interval later',
    timers: 'group_interval: 1m, repeat_interval: 1m',
    script: '0:00 +A',
    untilMs: 5 * MINUTE,
    told: ['0:30 first notification A', '2:30 repeat interval elapsed A', '4:30 repeat interval elapsed A'],
  },
  {
    sentence: 'and one that is a little less has, as that of the watchdog in deploy/alerting',
    timers: 'group_interval: 1m, repeat_interval: 55s',
    script: '0:00 +A',
    untilMs: 3 * MINUTE,
    told: ['0:30 first notification A', '1:30 repeat interval elapsed A', '2:30 repeat interval elapsed A'],
  },
  {
    sentence: 'each notification begins repeat_interval anew',
    timers: 'repeat_interval: 12m',
    script: '0:00 +A, 9:00 +B',
    untilMs: 30 * MINUTE,
    told: ['0:30 first notification A', '10:30 new alerts added A B', '25:30 repeat interval elapsed A B'],
  },
  {
    sentence: 'what was told is forgotten after two repeat intervals: with a longer group_interval the end is lost',
    timers: 'group_interval: 40m, repeat_interval: 10m',
    script: '0:00 +A, 39:00 -A',
    untilMs: 3 * HOUR,
    told: ['0:30 first notification A'],
  },
  {
    sentence: 'which resolve_what_fired mends',
    timers: 'group_interval: 40m, repeat_interval: 10m',
    options: { resolveWhatFired: true },
    script: '0:00 +A, 39:00 -A',
    untilMs: 3 * HOUR,
    told: ['0:30 first notification A', '40:30 all alerts resolved -A'],
  },
];

/** `2:05` */
function msOf(time: string): number {
  const [minutes = 0, seconds = 0] = time.split(':').map(Number);
  return minutes * MINUTE + seconds * SECOND;
}

async function play(lab: Lab, step: string): Promise<void> {
  const [time = '', what = '', , since = time] = step.split(' ');
  await lab.clock.advance(msOf(time) - lab.clock.nowMs());
  const labels = { alertname: what.slice(1) };
  if (what.startsWith('-')) await lab.resolve(labels);
  else await lab.post(labels, { startsAtMs: msOf(since) });
}

describe('timers', () => {
  it.each(ROWS)('$sentence', async ({ timers, kind = 'webhook', options, script, takesMs = 0, untilMs, told }) => {
    const receiver = kind === 'webhook' ? HOOK : MAIL;
    const route = ['receiver: a', ...(timers === undefined ? [] : [timers])].join(', ');
    const lab = await new Lab(`receivers: [{ name: a, ${receiver} }]\nroute: { ${route} }\n`, {
      engine: { ...ALERTMANAGER, ...options },
    }).start();
    if (takesMs > 0) {
      lab.answer = async (_id, signal) => {
        await lab.clock.sleep(takesMs, signal).catch(() => undefined);
        return signal.aborted ? { kind: 'retry', reason: 'too long', afterMs: undefined } : { kind: 'sent' };
      };
    }
    for (const step of script.split(', ')) await play(lab, step);
    await lab.clock.advance(untilMs - lab.clock.nowMs());
    expect(lab.diary.map((line) => line.replace(` a/${kind}/0:`, ''))).toEqual(told);
    expect(lab.errors).toEqual([]);
  });

  it('give alerts that fire no end, and list them by job, instance and labels', async () => {
    const lab = await new Lab(
      "receivers: [{ name: a, webhook_configs: [{ url: 'http://localhost/' }] }]\nroute: { receiver: a }\n",
    ).start();
    for (const labels of [
      { alertname: 'D' },
      { alertname: 'C', job: 'b' },
      { alertname: 'B', job: 'a', instance: '2' },
      { alertname: 'A', job: 'a', instance: '2' },
      { alertname: 'Z', job: 'a', instance: '1' },
    ])
      await lab.post(labels);
    await lab.after(30 * SECOND);
    const [told] = lab.arrived;
    expect(told?.alerts.map(({ labels, endsAtMs }) => [labels.get('alertname'), endsAtMs])).toEqual(
      ['Z', 'A', 'B', 'C', 'D'].map((name) => [name, undefined]),
    );
  });
});
