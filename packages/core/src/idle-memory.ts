/** Gives memory back that a burst of work took. V8 collects when the heap has grown by half again or more, so that a
 *  process which then has nothing to do keeps the garbage of its start for hours: 5 MB of a node agent's 70
 *  (docs/decisions/0012). */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, Timer } from './clock.ts';

/** What is known of the process, and done to it. */
export interface ProcessMemory {
  cpuMs(): number;
  /** Of the heap, and of what objects there hold outside. */
  heldBytes(): number;
  collect(): void;
}

const LOOK_INTERVAL_MS = 3_000;
/** Where each look finds nothing, the next one comes later: a process at rest is woken up for nothing. */
const LONGEST_INTERVAL_MS = 48_000;
/** Of a core: a pause of 20 ms is nobody's latency then. */
const IDLE_SHARE = 0.05;
/** More than the young generation comes to between two of its own collections: an idle agent would collect for ever. */
const GROWN_BYTES = 4 * 1024 * 1024;
/** Of what there is: to collect a large heap costs as much as it is large, and so may come as much later. */
const GROWN_SHARE = 1 / 8;
/** Of a core, at most, for collecting: a heap of 200,000 series takes 130 ms, and such a process makes 4 MiB of garbage all the time. */
const COLLECTING_SHARE = 0.01;
/** The first finds the garbage, the second gives back the pages that it has emptied. */
const COLLECTIONS = 2;

/** Looks whether memory has grown and the process is idle, and collects then: every 3 s, up to every 48 s while it does not grow.
 *  @returns ends it */
export function collectWhenIdle(clock: Clock, memory: ProcessMemory = ownMemory()): Timer {
  let timer: Timer;
  let settledBytes = 0;
  let due = 0;
  let intervalMs = LOOK_INTERVAL_MS;
  let restUntilMs = 0;
  let cpuMs = memory.cpuMs();
  const look = (): void => {
    const spentMs = memory.cpuMs() - cpuMs;
    if (memory.heldBytes() - settledBytes >= Math.max(GROWN_BYTES, settledBytes * GROWN_SHARE)) due = COLLECTIONS;
    const beganMs = clock.monotonicMs();
    if (due > 0 && spentMs < intervalMs * IDLE_SHARE && beganMs >= restUntilMs) {
      due--;
      memory.collect();
      settledBytes = memory.heldBytes();
      const endedMs = clock.monotonicMs();
      restUntilMs = endedMs + (endedMs - beganMs) / COLLECTING_SHARE;
    }
    cpuMs = memory.cpuMs();
    intervalMs = due > 0 ? LOOK_INTERVAL_MS : Math.min(2 * intervalMs, LONGEST_INTERVAL_MS);
    timer = clock.setTimer(intervalMs, look);
  };
  timer = clock.setTimer(intervalMs, look);
  return { cancel: () => timer.cancel() };
}

function ownMemory(): ProcessMemory {
  let collect: (() => void) | undefined;
  return {
    cpuMs() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e3;
    },
    heldBytes() {
      const { used_heap_size: heap, external_memory: outside } = getHeapStatistics();
      return heap + outside;
    },
    collect() {
      collect ??= exposedCollector();
      collect();
    },
  };
}

/** `gc` as --expose-gc has it, for a process that was started without: contexts made after the flag have it. From V8 12 on
 *  (Node 22) it can be what memory pressure asks for, 60 ms that also move what lies alone on its page and forget unused
 *  code: 4 MB more of an idle agent. To an earlier one such options mean a minor collection. */
function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: (options?: object) => void = runInNewContext('gc');
  const [major = ''] = process.versions.v8.split('.', 1);
  const thorough = { type: 'major', execution: 'sync', flavor: 'last-resort' };
  return Number(major) < 12 ? () => collect() : () => collect(thorough);
}
