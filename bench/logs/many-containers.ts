/** Trees of many small logs, and what an agent costs beside them. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { cpuSecondsOf, memoryOf } from '../harness/proc-stats.ts';
import { seededRandom } from '../harness/random.ts';
import { messageSource } from './messages.ts';
import { addContainer, containerPlace } from './pod-tree.ts';

/** Writes `containers` logs of `lines` lines each below `root`.
 *  @returns the paths, in order */
export function writeContainers(root: string, containers: number, lines: number): readonly string[] {
  const message = messageSource(seededRandom(7));
  return Array.from({ length: containers }, (_, n) => {
    const path = addContainer(root, containerPlace(n));
    const file = openSync(path, 'w');
    let text = '';
    for (let line = 0; line < lines; line++)
      text += `2026-11-21T10:00:00.${100_000_000 + line * 7}Z stdout F ${message()}\n`;
    writeSync(file, text);
    closeSync(file);
    return path;
  });
}

export interface Usage {
  readonly seconds: number;
  /** Of one core, 0.01 = 1 %. */
  readonly cpuShare: number;
  /** The highest of one sample a second. */
  readonly maxRssBytes: number;
  /** Since the process began: start-up included. */
  readonly peakRssBytes: number;
}

/** Watches a process for some time, and calls `everySecond` meanwhile. */
export async function usageOver(
  pid: number,
  seconds: number,
  everySecond: () => Promise<void> = async () => undefined,
): Promise<Usage> {
  const cpuBefore = cpuSecondsOf(pid);
  const startedAt = performance.now();
  let maxRssBytes = 0;
  for (let second = 1; second <= seconds; second++) {
    await setTimeout(Math.max(0, startedAt + second * 1e3 - performance.now()));
    maxRssBytes = Math.max(maxRssBytes, memoryOf(pid).rssBytes);
    await everySecond();
  }
  const elapsedSeconds = (performance.now() - startedAt) / 1e3;
  return {
    seconds: elapsedSeconds,
    cpuShare: (cpuSecondsOf(pid) - cpuBefore) / elapsedSeconds,
    maxRssBytes,
    peakRssBytes: memoryOf(pid).peakRssBytes,
  };
}
