/** What the sink can find in a bulk body (action line, document line, and so on) when it is asked to look. */
import { parseFields } from './fields.ts';
import { parseNumbered } from './numbered-lines.ts';
import { quantile } from './statistics.ts';

const LF = 0x0a;

export interface BodyReader {
  /** @param body newline-delimited JSON, two lines a record  @param receivedMs Unix ms of its last byte */
  read(body: Buffer, receivedMs: number): void;
  records(): number;
  report(): Readonly<Record<string, unknown>>;
}

/** Counts the documents, and looks into one of 101: `wrongShare` is the part of those that are not what the line says. */
export function recordsReader(): BodyReader {
  let records = 0;
  let looked = 0;
  let wrong = 0;
  let firstWrong: string | undefined;
  return {
    read(body) {
      let lineStart = 0;
      for (let line = 0; lineStart < body.length; line++) {
        const lineEnd = body.indexOf(LF, lineStart);
        if (lineEnd < 0)
          throw new Error(`a bulk body does not end with a newline: ${body.toString('utf8', lineStart)}`);
        if (line % 2 === 1 && records++ % 101 === 0) {
          const document = body.toString('utf8', lineStart, lineEnd);
          looked++;
          if (!isRight(document)) {
            wrong++;
            firstWrong ??= document;
          }
        }
        lineStart = lineEnd + 1;
      }
    },
    records: () => records,
    report: () => ({ records, wrongShare: looked === 0 ? 0 : wrong / looked, firstWrong }),
  };
}

/** Time, stream and message of a CRI line each where they belong. */
function isRight(line: string): boolean {
  const document = parsed(line);
  return (
    document !== undefined &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(String(document['@timestamp'])) &&
    /^std(out|err)$/.test(String(document.stream)) &&
    // A JSON message may have been taken apart: then its members stand in its place.
    ((document.message === undefined && typeof document.caller === 'string') ||
      /^(10\.|\{|level=|I1121 |\tat |\t\/go\/)/.test(String(document.message)))
  );
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return parseFields(line);
  } catch {
    return undefined;
  }
}

/** Checks numbered lines (numbered-lines.ts): which arrived, which twice, and what arrived that nobody wrote. */
export function numbersReader(): BodyReader {
  const seen = new Map<number, number>();
  let corrupt = 0;
  let records = 0;
  let firstCorrupt: string | undefined;
  return {
    read(body) {
      const lines = body.toString('utf8').split('\n');
      for (let line = 1; line < lines.length; line += 2) {
        records++;
        const number = parseNumbered(String(parsed(lines[line]!)?.message));
        if (number === undefined) {
          corrupt++;
          firstCorrupt ??= lines[line]!.slice(0, 400);
        } else seen.set(number, (seen.get(number) ?? 0) + 1);
      }
    },
    records: () => seen.size,
    report: () => ({ records, received: seen.size, duplicates: records - corrupt - seen.size, corrupt, firstCorrupt }),
  };
}

/** Reads `c=CONTAINER t=UNIX_MS ` (steady-writer) at the start of each message: per body and container, the age of its
 *  oldest record when its answer was sent. That is the age the oldest unread byte had reached, delivery included. */
export function ageReader(): BodyReader {
  const newestMs = new Map<string, number>();
  const perSecond: number[] = [];
  let records = 0;
  let worst = 0;
  let second = 0;
  let worstOfSecond = 0;
  return {
    read(body, receivedMs) {
      const text = body.toString('latin1');
      const oldest = new Map<string, number>();
      for (let at = text.indexOf('"c='); at >= 0; at = text.indexOf('"c=', at + 24)) {
        const container = text.slice(at + 3, at + 7);
        const writtenMs = Number(text.slice(at + 10, at + 23));
        records++;
        if (!oldest.has(container)) oldest.set(container, writtenMs);
        newestMs.set(container, writtenMs);
      }
      for (const writtenMs of oldest.values()) {
        const ageMs = receivedMs - writtenMs;
        if (Math.floor(receivedMs / 1e3) !== second) {
          if (second !== 0) perSecond.push(worstOfSecond);
          second = Math.floor(receivedMs / 1e3);
          worstOfSecond = 0;
        }
        worstOfSecond = Math.max(worstOfSecond, ageMs);
        worst = Math.max(worst, ageMs);
      }
    },
    records: () => records,
    report: () => ({
      records,
      containers: newestMs.size,
      maxAgeMs: worst,
      medianSecondMaxAgeMs: quantile(perSecond, 0.5),
      newestMs: newestMs.size === 0 ? 0 : Math.max(...newestMs.values()),
      stalestMs: newestMs.size === 0 ? 0 : Math.min(...newestMs.values()),
    }),
  };
}
