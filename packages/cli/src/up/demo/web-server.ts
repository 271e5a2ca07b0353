/** nginx in front of the shop: an access log on stdout, connection errors on stderr. */
import type { OutputLine } from './cri-lines.ts';
import { Chance, type DemoOutput, type DemoWorkload } from './workload.ts';

const REQUESTS_PER_SECOND = 16;

const PATHS = [
  '/',
  '/products?page=2',
  '/products/4711',
  '/cart',
  '/cart/checkout',
  '/static/app.3f9c1d.js',
  '/api/search?q=lantern',
  '/healthz',
] as const;
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
  'curl/8.14.1',
  'kube-probe/1.36',
] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function webServer(random: () => number): DemoWorkload {
  const chance = new Chance(random);
  return {
    place: {
      namespace: 'shop',
      pod: 'web-7c5d9f8b6d-x2x9q',
      podUid: '6f1d3c52-0b8e-4a57-9c3e-1f1a2b7d9e10',
      container: 'nginx',
    },
    next: (nowMs): DemoOutput => ({
      lines: request(chance, nowMs),
      pauseMs: chance.pauseMs(nowMs, REQUESTS_PER_SECOND),
    }),
  };
}

function request(chance: Chance, nowMs: number): readonly OutputLine[] {
  const client = `10.${chance.between(0, 3)}.${chance.between(0, 255)}.${chance.between(1, 254)}`;
  const path = chance.pick(PATHS);
  const refused = chance.oneIn(60);
  const status = refused ? 502 : chance.oneIn(25) ? 404 : chance.oneIn(12) ? 304 : 200;
  const sizeBytes = status === 200 ? chance.between(300, 48_000) : status === 304 ? 0 : 157;
  const seconds = ((refused ? 1 : chance.between(2, 180)) / 1000).toFixed(3);
  const access = `${client} - - [${accessTime(nowMs)}] "GET ${path} HTTP/1.1" ${status} ${sizeBytes} "-" "${chance.pick(AGENTS)}" rt=${seconds}`;
  if (!refused) return [{ stream: 'stdout', text: access }];
  const error =
    `${errorTime(nowMs)} [error] 29#29: *${chance.between(1_000, 99_999)} connect() failed (111: Connection refused) while ` +
    `connecting to upstream, client: ${client}, server: _, request: "GET ${path} HTTP/1.1", ` +
    `upstream: "http://10.96.14.7:8080${path}", host: "shop.example"`;
  return [
    { stream: 'stderr', text: error },
    { stream: 'stdout', text: access },
  ];
}

/** `21/Nov/2026:10:00:00 +0000`. */
function accessTime(nowMs: number): string {
  const iso = new Date(nowMs).toISOString();
  return `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}

/** `2026/11/21 10:00:00`. */
function errorTime(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
}
