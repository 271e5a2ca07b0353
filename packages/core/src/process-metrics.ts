/** What Prometheus' dashboards expect of every process. Read at scrape; prom-client's own set also runs a timer a
 *  hundred times a second for the event loop's delay, which an idle agent should not pay. */
import { readdirSync, readFileSync } from 'node:fs';
import type { MetricTable, Report } from './telemetry.ts';

export const PROCESS_METRICS = {
  cpuSeconds: {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'User and system CPU time spent.',
    labels: [],
  },
  residentBytes: { name: 'process_resident_memory_bytes', type: 'gauge', help: 'Resident memory size.', labels: [] },
  heapBytes: { name: 'nodejs_heap_size_used_bytes', type: 'gauge', help: 'Memory used in the V8 heap.', labels: [] },
  externalBytes: {
    name: 'nodejs_external_memory_bytes',
    type: 'gauge',
    help: 'Memory held outside the V8 heap by objects in it, buffers among them.',
    labels: [],
  },
  startTime: {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'Start time of the process, in Unix time.',
    labels: [],
  },
  openFds: { name: 'process_open_fds', type: 'gauge', help: 'Open file descriptors.', labels: [] },
  maxFds: { name: 'process_max_fds', type: 'gauge', help: 'Most file descriptors that may be open.', labels: [] },
} as const satisfies MetricTable;

const START_TIME_SECONDS = Date.now() / 1000 - process.uptime();

/** For Telemetry.collect; file descriptors are counted on Linux only. */
export function collectProcessMetrics(report: Report<typeof PROCESS_METRICS>): void {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const memory = process.memoryUsage();
  report('cpuSeconds', {}, (userCPUTime + systemCPUTime) / 1e6);
  report('residentBytes', {}, memory.rss);
  report('heapBytes', {}, memory.heapUsed);
  report('externalBytes', {}, memory.external);
  report('startTime', {}, START_TIME_SECONDS);
  if (process.platform !== 'linux') return;
  report('openFds', {}, readdirSync('/proc/self/fd').length);
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  if (limit !== null) report('maxFds', {}, Number(limit[1]));
}
