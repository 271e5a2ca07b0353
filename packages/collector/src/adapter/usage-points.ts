/** Processor and memory of containers and nodes as metrics-server has them: from two points of a counter, of which the start of a fresh
 *  container may be one. Source: metrics-server, pkg/storage/pod.go and types.go. */
import type { SampleColumns } from '@vigie/promql/storage/sample-columns';

export interface CpuReading {
  /** Processors. */
  readonly cores: number;
  readonly timestampMs: number;
  readonly windowMs: number;
}

/** Younger, and what a container did to start is all there is of it. */
const FRESH_FROM_MS = 10_000;

/** @param startedAtMs of the container, NaN where it is not known
 *  @param resolutionMs between two scrapes: a container that is older than two of them and has one point is not fresh, we are
 *  @returns undefined without two points */
export function readCpu(columns: SampleColumns, startedAtMs: number, resolutionMs: number): CpuReading | undefined {
  const last = columns.length - 1;
  if (last < 0 || columns.isStale(last)) return undefined;
  const timestampMs = columns.timestampsMs[last]!;
  const used = columns.values[last]!;
  // Of a container that began again in between, the point before is another's, also where the new one has used more since.
  const hasPrevious =
    last > 0 &&
    !columns.isStale(last - 1) &&
    columns.values[last - 1]! <= used &&
    !(startedAtMs >= columns.timestampsMs[last - 1]!);
  const previousMs = hasPrevious ? columns.timestampsMs[last - 1]! : startedAtMs;
  const before = hasPrevious ? columns.values[last - 1]! : 0;
  const windowMs = timestampMs - previousMs;
  // Without a start, and with one that was long ago, this is false.
  const isFresh = windowMs >= FRESH_FROM_MS && windowMs < 2 * resolutionMs;
  if (!hasPrevious && !isFresh) return undefined;
  const cores = ((used - before) / windowMs) * 1000;
  return Number.isFinite(cores) && windowMs > 0 ? { cores, timestampMs, windowMs } : undefined;
}

/** @returns undefined where it has ended or is no number */
export function readMemory(columns: SampleColumns): number | undefined {
  const last = columns.length - 1;
  if (last < 0 || columns.isStale(last)) return undefined;
  const bytes = columns.values[last]!;
  return Number.isFinite(bytes) && bytes >= 0 ? bytes : undefined;
}
