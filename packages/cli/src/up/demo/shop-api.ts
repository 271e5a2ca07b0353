/** The shop's API: one JSON object a line, now and then an error with its stack in a member. */
import type { OutputLine } from './cri-lines.ts';
import { Chance, type DemoOutput, type DemoWorkload } from './workload.ts';

const EVENTS_PER_SECOND = 10;

const ROUTES = [
  'GET /api/products',
  'GET /api/products/:id',
  'POST /api/cart',
  'POST /api/orders',
  'GET /api/search',
] as const;
const FAILURES = [
  {
    name: 'PaymentDeclined',
    message: 'card issuer answered 51: insufficient funds',
    at: 'authorize (payments/gateway.js:88:11)',
  },
  {
    name: 'TimeoutError',
    message: 'query "select * from stock" took longer than 2000 ms',
    at: 'Pool.acquire (db/pool.js:141:15)',
  },
  {
    name: 'TypeError',
    message: "Cannot read properties of undefined (reading 'price')",
    at: 'lineTotal (cart/total.js:23:31)',
  },
] as const;

export function shopApi(random: () => number): DemoWorkload {
  const chance = new Chance(random);
  return {
    place: {
      namespace: 'shop',
      pod: 'shop-api-5b6f7c9d44-q8k2m',
      podUid: '0c9a7be4-52c1-4d6f-8a9b-77e0d1c4f321',
      container: 'api',
    },
    next: (nowMs): DemoOutput => ({ lines: [event(chance, nowMs)], pauseMs: chance.pauseMs(nowMs, EVENTS_PER_SECOND) }),
  };
}

function event(chance: Chance, nowMs: number): OutputLine {
  const common = { time: new Date(nowMs).toISOString(), trace_id: chance.hex(32), route: chance.pick(ROUTES) };
  if (chance.oneIn(40)) {
    const { name, message, at } = chance.pick(FAILURES);
    const stack = `${name}: ${message}\n    at ${at}\n    at handle (http/server.js:57:9)`;
    const fields = { level: 'error', ...common, status: 500, error: { name, message, stack }, msg: 'request failed' };
    return { stream: 'stderr', text: JSON.stringify(fields) };
  }
  if (chance.oneIn(15)) {
    const fields = { level: 'warn', ...common, attempt: chance.between(2, 4), msg: 'stock service slow, trying again' };
    return { stream: 'stdout', text: JSON.stringify(fields) };
  }
  const fields = {
    level: 'info',
    ...common,
    status: 200,
    user: `u${chance.between(10_000, 99_999)}`,
    duration_ms: chance.between(20, 900) / 10,
    msg: chance.pick(['request served', 'order placed', 'cart updated', 'search answered']),
  };
  return { stream: 'stdout', text: JSON.stringify(fields) };
}
