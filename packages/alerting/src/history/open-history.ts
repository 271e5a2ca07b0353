/** The history of a service: what was on disk, and what happens from now on. */
import { EventHistory, type HistoryLimits } from './event-history.ts';
import { eventLine } from './event-line.ts';
import type { HistoryEvent } from './history-event.ts';
import { HistoryFiles, type HistoryFilesOptions } from './history-files.ts';

export interface OpenHistory {
  /** For historyApi. */
  readonly history: EventHistory;
  /** Events that the disk did not take. */
  readonly dropped: () => number;
  record(event: HistoryEvent): void;
  /** Writes what is not on disk yet. */
  close(): Promise<void>;
}

/** A file that cannot be read is left alone, and the history begins anew. */
export async function openHistory(options: HistoryFilesOptions, limits?: HistoryLimits): Promise<OpenHistory> {
  const history = new EventHistory(limits);
  const files = new HistoryFiles(options);
  try {
    const { events, unreadable } = await files.read();
    for (const event of events) history.record(event);
    if (unreadable > 0) options.log.warn('lines of the history of alerts cannot be read', { lines: unreadable });
  } catch (error) {
    options.log.error('the history of alerts cannot be read', { error });
  }
  return {
    history,
    dropped: () => files.dropped,
    record: (event) => files.append(eventLine(history.record(event), event)),
    close: () => files.close(),
  };
}
