/** The history of a service: what was on disk, and what happens from now on. */
import { EventHistory } from './event-history.ts';
import { eventLine } from './event-line.ts';
import type { HistoryLimits } from './event-ring.ts';
import { type HistoryEvent, isStep } from './history-event.ts';
import { HistoryFiles, type HistoryFilesOptions } from './history-files.ts';

export interface OpenHistory {
  /** For historyApi. */
  readonly history: EventHistory;
  /** Events that the disk did not take. */
  readonly dropped: () => number;
  /** Steps that are not in it at all, for more came in a second than are written in one. */
  readonly leftOut: () => number;
  record(event: HistoryEvent): void;
  /** Writes what is not on disk yet. */
  close(): Promise<void>;
}

/** Two of them are what the history in memory holds. */
const FILE_BYTES = 16 * 1024 ** 2;
const STEP_FILE_BYTES = 8 * 1024 ** 2;
/** Until they are written: 25,000 events, of a storm. */
const MOST_WAITING = 8 * 1024 ** 2;
/** Of steps 3,000. A rule with more alerts would have the history write its lines, and do nothing else. */
const MOST_STEPS_WAITING = 1024 ** 2;

/** A file that cannot be read is left alone, and the history begins anew. */
export async function openHistory(
  options: Omit<HistoryFilesOptions, 'name' | 'fileBytes' | 'mostWaiting'> & { readonly fileBytes?: number },
  limits?: HistoryLimits,
): Promise<OpenHistory> {
  const { fileBytes = FILE_BYTES } = options;
  const history = new EventHistory(limits);
  const files = new HistoryFiles({ ...options, name: 'history', fileBytes, mostWaiting: MOST_WAITING });
  const stepFiles = new HistoryFiles({
    ...options,
    name: 'history-steps',
    fileBytes: STEP_FILE_BYTES,
    mostWaiting: MOST_STEPS_WAITING,
  });
  for (const event of inOrder(await readAll(files, options), await readAll(stepFiles, options))) history.record(event);
  let leftOut = 0;
  return {
    history,
    dropped: () => files.dropped + stepFiles.dropped,
    leftOut: () => leftOut,
    record: (event) => {
      if (!isStep(event)) files.append(eventLine(history.record(event), event));
      else if (stepFiles.isFull) leftOut++;
      else stepFiles.append(eventLine(history.record(event), event));
    },
    close: async () => {
      await Promise.all([files.close(), stepFiles.close()]);
    },
  };
}

async function readAll(
  files: HistoryFiles,
  { log }: Pick<HistoryFilesOptions, 'log'>,
): Promise<readonly HistoryEvent[]> {
  try {
    const { events, unreadable } = await files.read();
    if (unreadable > 0) log.warn('lines of the history of alerts cannot be read', { lines: unreadable });
    return events;
  } catch (error) {
    log.error('the history of alerts cannot be read', { error });
    return [];
  }
}

/** Those of either stay in their order; of two, the one that happened first comes first. */
function inOrder(events: readonly HistoryEvent[], steps: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const all: HistoryEvent[] = [];
  let taken = 0;
  for (const event of events) {
    for (let step = steps[taken]; step !== undefined && step.timeMs < event.timeMs; step = steps[++taken])
      all.push(step);
    all.push(event);
  }
  return [...all, ...steps.slice(taken)];
}
