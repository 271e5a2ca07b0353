/** Scrapes of cluster targets, seeded: what cAdvisor, kube-state-metrics and an instrumented application send, and how their
 *  values move from one scrape to the next. */
import { seededRandom } from './random.ts';

export interface Target {
  /** @param scrape from 0: counters grow with it */
  body(scrape: number): Buffer;
}

interface Line {
  readonly key: string;
  value(scrape: number): string;
}

const BOUNDS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];

/** @param number of the target, which seeds it; @param series that it has */
export function makeTarget(number: number, series: number): Target {
  const random = seededRandom(number + 1);
  const lines: Line[] = [];
  const counter = (key: string, perScrape: number, fractionDigits: number): void => {
    const base = random() * 1e6;
    lines.push({ key, value: (scrape) => goFloat(Number((base + perScrape * scrape).toFixed(fractionDigits))) });
  };
  const gauge = (key: string, around: number): void => {
    const phase = random() * 7;
    lines.push({ key, value: (scrape) => goFloat(Math.floor(around * (1 + 0.01 * Math.sin(scrape + phase)))) });
  };
  for (let pod = 0; lines.length < series; pod++) {
    const at = `namespace="ns${number % 20}",pod="app-${number}-${Math.floor(random() * 1e9).toString(36)}"`;
    const cadvisor = `${at},container="main",node="node-${number % 50}",image="registry.example/app:${pod % 7}"`;
    lines.push({ key: '# TYPE container_cpu_usage_seconds_total counter', value: () => '' });
    // A sum of nanoseconds as seconds has up to 16 digits.
    counter(`container_cpu_usage_seconds_total{${cadvisor}}`, random() * 15, 9);
    gauge(`container_memory_working_set_bytes{${cadvisor}}`, random() * 1e9);
    counter(`container_network_receive_bytes_total{${cadvisor}}`, random() * 1e5, 0);
    counter(`container_fs_writes_bytes_total{${cadvisor}}`, random() * 1e4, 0);
    for (const phase of ['Pending', 'Running', 'Failed']) {
      const isRunning = phase === 'Running' ? '1' : '0';
      lines.push({ key: `kube_pod_status_phase{${at},phase="${phase}"}`, value: () => isRunning });
    }
    for (const code of ['200', '404', '500']) {
      const request = `${at},code="${code}",method="GET",handler="/api/v1/items"`;
      counter(`http_requests_total{${request}}`, code === '200' ? random() * 700 : random(), 0);
    }
    for (const bound of BOUNDS) counter(`http_request_duration_seconds_bucket{${at},le="${bound}"}`, random() * 70, 0);
  }
  lines.length = series;
  return {
    body: (scrape) => Buffer.from(lines.map(({ key, value }) => `${`${key} ${value(scrape)}`.trimEnd()}\n`).join('')),
  };
}

/** As Go's client writes numbers: exponents from 1e+06 on. */
function goFloat(value: number): string {
  if (value < 1e6) return String(value);
  return value.toExponential().replace(/e\+(\d)$/, 'e+0$1');
}
