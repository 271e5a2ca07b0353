/** Which proxy a request goes through: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, read as Go's net/http reads them
 *  (golang.org/x/net/http/httpproxy), because the pods beside us are configured for that. */
import { BlockList, isIP } from 'node:net';

type Env = Readonly<Record<string, string | undefined>>;

/** @returns the proxy's URL, or undefined where the request goes straight to its host */
export function proxyFor(url: URL, env: Env): URL | undefined {
  const setting = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const proxy = (env[setting.toUpperCase()] ?? '') || (env[setting] ?? '');
  if (proxy === '') return undefined;
  const noProxy = (env.NO_PROXY ?? '') || (env.no_proxy ?? '');
  if (bypasses(url, noProxy)) return undefined;
  return new URL(proxy.includes('://') ? proxy : `http://${proxy}`);
}

function bypasses(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const family = isIP(host);
  if (host === 'localhost' || (family !== 0 && LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4'))) return true;
  return noProxy
    .split(',')
    .map((rule) => rule.trim().toLowerCase())
    .some((rule) => rule !== '' && ruleMatches(rule, host, port, family));
}

/** A rule is `*`, an address, a CIDR range, a domain (itself and what is below it), `.domain` or `*.domain`
 *  (only what is below it); each with or without a port. */
function ruleMatches(rule: string, host: string, port: string, family: number): boolean {
  if (rule === '*') return true;
  if (rule.includes('/')) return family !== 0 && inRange(rule, host, family);
  const { name, port: wantedPort } = splitPort(rule);
  if (wantedPort !== undefined && wantedPort !== port) return false;
  if (isIP(name) !== 0 || family !== 0) return name === host;
  const domain = name.startsWith('*.') ? name.slice(1) : name;
  if (domain.startsWith('.')) return host.endsWith(domain);
  return host === domain || host.endsWith(`.${domain}`);
}

function splitPort(rule: string): { name: string; port: string | undefined } {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:]+))(?::(\d+))?$/.exec(rule);
  return match === null ? { name: rule, port: undefined } : { name: match[1] ?? match[2] ?? rule, port: match[3] };
}

function inRange(rule: string, host: string, family: number): boolean {
  const [network = '', length = ''] = rule.split('/');
  const networkFamily = isIP(network);
  const bits = Number(length);
  if (networkFamily !== family || !/^\d+$/.test(length) || bits > (family === 6 ? 128 : 32)) return false;
  const range = new BlockList();
  const type = family === 6 ? 'ipv6' : 'ipv4';
  range.addSubnet(network, bits, type);
  return range.check(host, type);
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** What a proxy's URL says about who we are. */
export function proxyAuthorization(proxy: URL): Readonly<Record<string, string>> {
  if (proxy.username === '') return {};
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}
