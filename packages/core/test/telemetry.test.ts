import { describe, expect, it } from 'vitest';
import { collectProcessMetrics, PROCESS_METRICS } from '../src/process-metrics.ts';
import { type MetricTable, Telemetry } from '../src/telemetry.ts';

const TABLE = {
  sent: { name: 'vigie_test_sent_bytes_total', type: 'counter', help: 'Bytes sent.', labels: ['sink'] },
  open: { name: 'vigie_test_open_files', type: 'gauge', help: 'Files open.', labels: [] },
  latency: {
    name: 'vigie_test_latency_seconds',
    type: 'histogram',
    help: 'Latency.',
    labels: ['sink'],
    buckets: [0.1, 1],
  },
} as const satisfies MetricTable;

async function samples(telemetry: { expose(): Promise<{ body: string }> }): Promise<string[]> {
  const { body } = await telemetry.expose();
  return body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('Telemetry', () => {
  it('collects plain counters at each scrape', async () => {
    const telemetry = new Telemetry(TABLE);
    let sentBytes = 5;
    telemetry.collect((report) => {
      report('sent', { sink: 'es' }, sentBytes);
      report('open', {}, 3);
    });
    expect(await samples(telemetry)).toEqual(['vigie_test_sent_bytes_total{sink="es"} 5', 'vigie_test_open_files 3']);
    sentBytes = 9;
    expect(await samples(telemetry)).toContain('vigie_test_sent_bytes_total{sink="es"} 9');
  });

  it('adds up what several collectors report for the same labels, and forgets one that has ended', async () => {
    const telemetry = new Telemetry(TABLE);
    telemetry.collect((report) => report('sent', { sink: 'es' }, 1));
    const end = telemetry.collect((report) => report('sent', { sink: 'es' }, 10));
    telemetry.collect((report) => report('sent', { sink: 'file' }, 100));
    expect(await samples(telemetry)).toEqual(
      expect.arrayContaining([
        'vigie_test_sent_bytes_total{sink="es"} 11',
        'vigie_test_sent_bytes_total{sink="file"} 100',
      ]),
    );
    end();
    expect(await samples(telemetry)).toContain('vigie_test_sent_bytes_total{sink="es"} 1');
  });

  it('keeps histograms from scrape to scrape', async () => {
    const telemetry = new Telemetry(TABLE);
    telemetry.observe('latency', { sink: 'es' }, 0.05);
    await telemetry.expose();
    telemetry.observe('latency', { sink: 'es' }, 5);
    expect(await samples(telemetry)).toEqual(
      expect.arrayContaining([
        'vigie_test_latency_seconds_bucket{le="0.1",sink="es"} 1',
        'vigie_test_latency_seconds_bucket{le="+Inf",sink="es"} 2',
        'vigie_test_latency_seconds_count{sink="es"} 2',
      ]),
    );
  });
});

describe('collectProcessMetrics', () => {
  it('reports this process under the names that dashboards know', async () => {
    const telemetry = new Telemetry(PROCESS_METRICS);
    telemetry.collect(collectProcessMetrics);
    const values = new Map((await samples(telemetry)).map((line) => line.split(' ') as [string, string]));
    expect(Number(values.get('process_resident_memory_bytes'))).toBeGreaterThan(10_000_000);
    expect(Number(values.get('process_cpu_seconds_total'))).toBeGreaterThan(0);
    expect(Math.abs(Number(values.get('process_start_time_seconds')) - Date.now() / 1000)).toBeLessThan(600);
    if (process.platform === 'linux') expect(Number(values.get('process_open_fds'))).toBeGreaterThan(2);
  });
});
