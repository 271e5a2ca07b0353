/** A module for those who may see what it does, but not its secrets. */
import { stringify } from 'yaml';
import type { ProbeModule } from './probe-module.ts';

const SHOWN = '<secret>';
/** Their values may be credentials. */
const SECRET_MAPPINGS = new Set(['headers', 'http_headers', 'endpointParams']);
const SECRETS = new Set(['username', 'password', 'credentials', 'clientSecret', 'key', 'secrets', 'body', 'send']);
const USER_IN_URL = /^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/i;

/** @returns YAML */
export function moduleText(module: ProbeModule): string {
  return stringify(shown(module, ''));
}

function shown(value: unknown, key: string): unknown {
  if (value === undefined || value === null) return undefined;
  if (SECRETS.has(key) && value !== '') return SHOWN;
  if (typeof value === 'string') return value.replace(USER_IN_URL, `$1${SHOWN}@`);
  if (typeof value !== 'object') return value;
  if (isRegex(value)) return value.source;
  if (Array.isArray(value)) return value.map((item) => shown(item, ''));
  const entries = Object.entries(value);
  if (SECRET_MAPPINGS.has(key)) return Object.fromEntries(entries.map(([name]) => [name, SHOWN]));
  return Object.fromEntries(entries.map(([name, item]) => [name, shown(item, name)]));
}

function isRegex(value: object): value is { readonly source: string } {
  return 'source' in value && typeof value.source === 'string' && 'groupNames' in value;
}
