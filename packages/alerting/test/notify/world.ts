/** Configurations of one receiver, and what mutes its alerts, in the lab. */
import { AlertMatcher } from '../../src/matchers/alert-matcher.ts';
import { type Lab, MINUTE } from '../lab.ts';

export const HOOK = "webhook_configs: [{ url: 'http://localhost/' }]";
export const MAIL = 'email_configs: [{ to: you@example.com, from: me@example.com, smarthost: "localhost:25" }]';
export const TIMERS = 'group_wait: 1m\n  group_interval: 5m\n  repeat_interval: 1h';

export const config = (integrations = HOOK, rest = '', route = ''): string =>
  `receivers: [{ name: a, ${integrations} }, { name: spare, ${HOOK} }]\nroute:\n  receiver: a\n  ${TIMERS}\n  ${route}\n${rest}`;

export const silence = (lab: Lab, name: string, minutes: number) =>
  lab.engine.setSilence({
    matcherSets: [[new AlertMatcher('alertname', '=', name)]],
    startsAtMs: lab.clock.nowMs(),
    endsAtMs: lab.clock.nowMs() + minutes * MINUTE,
    createdBy: 'me',
    comment: '',
    annotations: {},
  });
