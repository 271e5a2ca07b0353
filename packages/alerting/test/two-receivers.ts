/** Configurations of two receivers in the lab. */
import { HOOK } from './lab.ts';

export const TIMERS = 'group_wait: 1m\n  group_interval: 5m\n  repeat_interval: 12m';

export const config = (route = TIMERS, rest = ''): string =>
  `receivers: [{ name: a, ${HOOK} }, { name: b, ${HOOK} }]\nroute:\n  receiver: a\n  ${route}\n${rest}`;
