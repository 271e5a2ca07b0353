/** Times as programs write them, and as the runtime does. */
import { isDeepStrictEqual } from 'node:util';
import { readUnixTime } from '../../packages/log-pipeline/src/kernel/unix-time.ts';
import { formatInstant } from '../../packages/log-pipeline/src/transforms/time/instant.ts';
import { recordTimeMs } from '../../packages/log-pipeline/src/transforms/time/record-time.ts';
import { type TimeFormat, timeFormatOf } from '../../packages/log-pipeline/src/transforms/time/time-format.ts';
import { UTC, zoneOf } from '../../packages/log-pipeline/src/transforms/time/zone.ts';
import { TIME_PATTERNS, TIMES } from './samples.ts';
import type { Target } from './target.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 10);
/** What the transform hands to a format, at most. */
const MAX_CHARACTERS = 64;
const NAMES = [
  'rfc3339',
  'unix',
  'unix_ms',
  'unix_us',
  'unix_ns',
  'klog',
  'clf',
  'nginx_error',
  'apache_error',
  'syslog',
];
const ZONES = ['UTC', '+02:30', 'Europe/Paris'].map((name) => zoneOf(name) ?? UTC);

function formatNamed(name: string): TimeFormat {
  const parsed = timeFormatOf(name);
  if (parsed.status === 'invalid') throw new Error(`${name}: ${parsed.reason}`);
  return parsed.format;
}

const RFC3339 = formatNamed('rfc3339');
const FORMATS = NAMES.map(formatNamed);

/** A time that was understood can be written, and read again. */
function check(format: TimeFormat, text: string): void {
  for (const zone of ZONES) {
    const instant = format.parse(text, zone, NOW_MS, true);
    if (instant === undefined) continue;
    const again = RFC3339.parse(formatInstant(instant), UTC, NOW_MS, false);
    if (!isDeepStrictEqual(again, instant))
      throw new Error(`${JSON.stringify(instant)} is read as ${JSON.stringify(again)}`);
  }
}

export const timeTargets: readonly Target[] = [
  {
    name: 'time formats',
    samples: TIMES,
    iterations: 8_000,
    parse(input) {
      const text = input.toString().slice(0, MAX_CHARACTERS);
      for (const format of FORMATS) check(format, text);
      const time = { seconds: 0, nanos: 0 };
      readUnixTime(input, 0, input.length, time);
      if (!(time.seconds >= 0) || !(time.nanos >= 0 && time.nanos < 1e9))
        throw new Error(`read as ${time.seconds}.${time.nanos}`);
      const ms = recordTimeMs(input, 0, input.length);
      if (ms !== undefined && !Number.isFinite(ms)) throw new Error(`read as ${ms} ms`);
    },
  },
  {
    name: 'time patterns',
    samples: TIME_PATTERNS,
    iterations: 12_000,
    parse(input) {
      const parsed = timeFormatOf(input.toString().slice(0, MAX_CHARACTERS));
      if (parsed.status === 'ok') for (const text of TIMES) check(parsed.format, text.toString());
    },
  },
];
