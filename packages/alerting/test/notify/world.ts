/** Configurations of one receiver in the lab. */
import { HOOK } from '../lab.ts';

export const TIMERS = 'group_wait: 1m\n  group_interval: 5m\n  repeat_interval: 1h';

export const config = (integrations = HOOK, rest = '', route = ''): string =>
  `receivers: [{ name: a, ${integrations} }, { name: spare, ${HOOK} }]\nroute:\n  receiver: a\n  ${TIMERS}\n  ${route}\n${rest}`;
