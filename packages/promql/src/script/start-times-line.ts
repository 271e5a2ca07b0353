/** Start timestamps in test scripts: `series@st -1m+30sx3 _ 0`, as distances from the sample's own time. */
import { parseDuration } from '@vigie/core/durations';
import { ScriptError } from './script-error.ts';

const DURATION = '[-+]?\\d+(?:ms|[smhdwy])?(?:\\d+(?:ms|[smhdw]))*';
const ITEM = new RegExp(`^(${DURATION})(?:([-+])(${DURATION}))?(?:x(\\d+))?$`);

/** @returns ms from each sample to its start; undefined where there is none
 *  @throws {ScriptError} */
export function parseStartTimes(text: string, line: number): readonly (number | undefined)[] {
  const values: (number | undefined)[] = [];
  let last = 0;
  for (const item of text.trim().split(/\s+/)) {
    const omitted = /^_(?:x(\d+))?$/.exec(item);
    const repeated = /^\*(?:x(\d+))?$/.exec(item);
    if (omitted !== null) {
      for (let left = Number(omitted[1] ?? 1); left > 0; left--) values.push(undefined);
      continue;
    }
    if (repeated !== null) {
      for (let left = Number(repeated[1] ?? 0); left >= 0; left--) values.push(last);
      continue;
    }
    const match = ITEM.exec(item);
    if (match === null) throw new ScriptError(line, `invalid start timestamp ${JSON.stringify(item)}`);
    const [, base = '', sign, step, times] = match;
    const stepMs = step === undefined ? 0 : signedDuration(step, line) * (sign === '-' ? -1 : 1);
    last = signedDuration(base, line);
    for (let left = Number(times ?? 0); left >= 0; left--) {
      values.push(last);
      if (left > 0) last += stepMs;
    }
  }
  return values;
}

function signedDuration(text: string, line: number): number {
  const durationMs = parseDuration(text.replace(/^[-+]/, ''));
  if (durationMs === undefined) throw new ScriptError(line, `invalid duration ${JSON.stringify(text)}`);
  return text.startsWith('-') ? -durationMs : durationMs;
}
