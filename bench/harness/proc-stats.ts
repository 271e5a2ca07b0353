/** CPU time and memory of processes and of the machine, as Linux accounts them in /proc. */
import { readFileSync } from 'node:fs';

/** Kernel ticks a second in /proc, USER_HZ: 100 on every architecture that Linux supports for Node. */
const USER_HZ = 100;

/** User and system time of a process, all threads, those that have ended included. Resolution: 10 ms. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // Fields are counted after the last `)`: the command name before it may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / USER_HZ;
}

export interface ProcessMemory {
  readonly rssBytes: number;
  /** The most it has ever been: VmHWM. */
  readonly peakRssBytes: number;
}

export function memoryOf(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  return { rssBytes: kibibytes('VmRSS') * 1024, peakRssBytes: kibibytes('VmHWM') * 1024 };
}

export interface MachineCpu {
  /** All cores, everything but idle, waiting for disks, and stolen. */
  readonly busySeconds: number;
  /** What the hypervisor gave to others although a core wanted to run. */
  readonly stolenSeconds: number;
}

export function machineCpu(): MachineCpu {
  const [user, nice, system, , , irq, softirq, stolen] = readFileSync('/proc/stat', 'latin1')
    .split('\n', 1)[0]!
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) / USER_HZ);
  return { busySeconds: user! + nice! + system! + irq! + softirq!, stolenSeconds: stolen! };
}

export interface SharedMemory {
  readonly rssBytes: number;
  /** Its share of pages that several processes map, and all of its own. */
  readonly pssBytes: number;
  /** Of that, what no file stands behind. */
  readonly anonymousBytes: number;
}

/** What a process costs beside others of the same program: smaps_rollup. */
export function sharedMemoryOf(pid: number): SharedMemory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const kibibytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? Number.NaN) * 1024;
  return { rssBytes: kibibytes('Rss'), pssBytes: kibibytes('Pss'), anonymousBytes: kibibytes('Pss_Anon') };
}
