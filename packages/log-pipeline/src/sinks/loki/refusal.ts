/** Which entries Loki means when it answers 400. It has stored the others by then, and says in words what it has not: per stream, and
 *  of what its ingesters refuse only a part. Source of the texts: pkg/validation/validate.go and pkg/ingester/stream.go of
 *  Loki 3.7. */
import { parseLabels } from '@vigie/wire/loki/labels';

export interface SentEntry {
  /** Unix time. */
  readonly seconds: number;
  readonly lineBytes: number;
  /** As sent: `{app="web"}`. */
  readonly labels: string;
}

/** @param follows whether no entry before it in its stream is newer */
type Judge = (entry: SentEntry, follows: boolean) => boolean;

/** Every entry that Loki may have refused: rather one too many, which a dead letter keeps a copy of, than one too few. What is not
 *  understood is said of all.
 *  @param entries in the order in which they were sent
 *  @returns indices, ascending, at least one where there are entries */
export function refusedEntries(text: string, entries: readonly SentEntry[]): readonly number[] {
  const judges = text.split(/; (?=\d+ errors like: )/).map(judgeOf);
  if (judges.includes(undefined)) return all(entries);
  const newest = new Map<string, number>();
  const refused = all(entries).filter((index) => {
    const entry = entries[index]!;
    const before = newest.get(entry.labels) ?? 0;
    newest.set(entry.labels, Math.max(before, entry.seconds));
    return judges.some((judge) => judge?.(entry, entry.seconds >= before) === true);
  });
  return refused.length === 0 ? all(entries) : refused;
}

function all(entries: readonly SentEntry[]): readonly number[] {
  return entries.map((_entry, index) => index);
}

const TOO_LONG = /max entry size '(\d+)' bytes exceeded/;
const TOO_OLD = /timestamp too old: \S+, oldest acceptable timestamp is: (\S+)/;
const TOO_NEW = /timestamp too new: (\S+)/;
const TOO_FAR_BEHIND = /entry too far behind, entry timestamp is: \S+, oldest acceptable timestamp is: ([^\s'"]+)/g;
const BEHIND_IN = /total ignored: \d+ out of \d+ for stream: (\{.*\})/;
const OF_STREAM = /stream '(\{.*\})'/;
const OF_LABELS = /^(?:\d+ errors like: )?stream '|^(?:\d+ errors like: )?entry for stream '.*' has \d+ label names/;

/** @returns undefined for words that are not known */
function judgeOf(error: string): Judge | undefined {
  const tooLong = TOO_LONG.exec(error)?.[1];
  if (tooLong !== undefined) {
    const limit = Number(tooLong);
    return ({ lineBytes }) => lineBytes > limit;
  }
  const tooOld = secondsOf(TOO_OLD.exec(error)?.[1]);
  if (tooOld !== undefined) return ({ seconds }) => seconds <= tooOld;
  const tooNew = secondsOf(TOO_NEW.exec(error)?.[1]);
  if (tooNew !== undefined) return ({ seconds }) => seconds >= tooNew;
  const behind = Array.from(error.matchAll(TOO_FAR_BEHIND), ([, limit]) => secondsOf(limit));
  const named = BEHIND_IN.exec(error)?.[1];
  if (behind.length > 0 && named !== undefined) {
    const limit = Math.max(...behind.map((seconds) => seconds ?? Number.POSITIVE_INFINITY));
    // An ingester names the last of the streams that it refused entries of, and the first ten of those. Its limit rises with
    // each entry that it takes, so only what is newer than all before it is beyond doubt.
    return ({ seconds, labels }, follows) => seconds <= limit || !follows || !areWithin(labels, named);
  }
  const stream = OF_LABELS.test(error) ? OF_STREAM.exec(error)?.[1] : undefined;
  return stream === undefined ? undefined : ({ labels }) => areWithin(labels, stream);
}

/** Whole seconds, cut as Go's RFC 3339 cuts them. */
function secondsOf(time: string | undefined): number | undefined {
  const ms = time === undefined ? Number.NaN : Date.parse(time.replace(/[;,.]+$/, ''));
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

/** Loki adds labels of its own to those that were sent. */
function areWithin(sent: string, named: string): boolean {
  try {
    const labels = parseLabels(named);
    return Array.from(parseLabels(sent)).every(([name, value]) => labels.get(name) === value);
  } catch {
    // Cut off, or in a form that is not known: it may be this one.
    return true;
  }
}
