/** Numbers for people, as Prometheus' templates show them. Source: prometheus v0.315.0, template/template.go, and
 *  prometheus/common v0.71.0, helpers/templates. */
import { formatGoFloat } from '../go-float.ts';

/** `%.4g` */
function short(value: number): string {
  return formatGoFloat(value, 'g', 4);
}

const LARGE = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return short(value);
  return Math.abs(value) >= 1 ? large(value, 1000, LARGE) : small(value);
}

export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return short(value);
  return large(value, 1024, BINARY);
}

function large(value: number, base: number, prefixes: readonly string[]): string {
  let rest = value;
  let prefix = '';
  for (const next of prefixes) {
    if (Math.abs(rest) < base) break;
    prefix = next;
    rest /= base;
  }
  return short(rest) + prefix;
}

function small(value: number): string {
  let rest = value;
  let prefix = '';
  for (const next of SMALL) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1000;
  }
  return short(rest) + prefix;
}

export function humanizePercentage(value: number): string {
  return `${short(value * 100)}%`;
}

/** @param seconds `1d 2h 3m 4s`; below a minute four digits, below a second with a prefix */
export function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return short(seconds);
  if (seconds === 0) return `${short(seconds)}s`;
  if (Math.abs(seconds) < 1) return `${small(seconds)}s`;
  const sign = seconds < 0 ? '-' : '';
  const size = Math.abs(seconds);
  const whole = Math.trunc(size);
  const [s, m, h] = [whole % 60, Math.floor(whole / 60) % 60, Math.floor(whole / 3600) % 24];
  const d = Math.floor(whole / 86_400);
  if (d !== 0) return `${sign}${d}d ${h}h ${m}m ${s}s`;
  if (h !== 0) return `${sign}${h}h ${m}m ${s}s`;
  return m === 0 ? `${sign}${short(size)}s` : `${sign}${m}m ${s}s`;
}
