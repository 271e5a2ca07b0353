/** The last lines that a pod wrote, as a page shows them: redacted, without control characters, and bounded. */
import { describeError } from '@vigie/core/errors';
import { untilAborted } from '@vigie/core/until-aborted';
import type { LogLine, LogSource } from '../logs/log-source.ts';
import type { LogLineOptions } from './context-options.ts';

/** Of one line, in UTF-16 units: a stack trace in JSON would leave no room for the others. */
const MAX_LINE_LENGTH = 400;
const MAX_REASON_LENGTH = 200;

export interface FiringPod {
  readonly namespace: string;
  readonly pod: string;
  /** '' for all of them. */
  readonly container: string;
}

export type LineSource = Pick<LogSource, 'lastLines'>;

export type PodLines =
  | { readonly kind: 'lines'; readonly text: string }
  /** It has written nothing lately. */
  | { readonly kind: 'none'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string };

/** @param signal when it aborts, its reason is said in place of the lines
 *  @returns text for the page in any case */
export async function podLines(
  pod: FiringPod,
  source: LineSource,
  options: LogLineOptions,
  nowMs: number,
  signal: AbortSignal,
): Promise<PodLines> {
  const { lines: limit, sinceMs, redactor } = options;
  try {
    const query = { ...pod, untilMs: nowMs, sinceMs: nowMs - sinceMs, limit };
    const lines = await untilAborted(source.lastLines(query, signal), signal);
    if (lines.length === 0) return { kind: 'none', text: `(${pod.pod} has written no log lines lately)` };
    return { kind: 'lines', text: linesText(lines.slice(-limit), options) };
  } catch (error) {
    const reason = plain(redactor.redactText(describeError(signal.aborted ? signal.reason : error)));
    return { kind: 'failed', text: `(no log lines: ${shortened(reason, MAX_REASON_LENGTH)})` };
  }
}

/** The newest that there is room for. */
function linesText(lines: readonly LogLine[], { sizeBytes, redactor }: LogLineOptions): string {
  const shown: string[] = [];
  let left = sizeBytes;
  for (const { timeNs, message } of lines.toReversed()) {
    const time = new Date(Number(timeNs / 1_000_000n)).toISOString().slice(11, 19);
    // Redacted before it is cut: half of a token is a secret, too.
    const line = `${time} ${shortened(plain(redactor.redactText(message)), MAX_LINE_LENGTH)}`;
    left -= Buffer.byteLength(line) + 1;
    if (left < 0) break;
    shown.unshift(line);
  }
  return shown.join('\n');
}

/** Colours of terminals go, other control characters become spaces, and so do those that turn text around. */
function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
      .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ')
      .trim()
  );
}

function shortened(text: string, length: number): string {
  // Through bytes: half of a character of two units would be none.
  return text.length > length ? `${Buffer.from(text.slice(0, length)).toString()}…` : text;
}
