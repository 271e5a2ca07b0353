/** What kubelets tell as JSON, and when CronJobs say that they are due. */
import { errorCode } from '@vigie/core/errors';
import { ScrapeReader } from '@vigie/wire/exposition/scrape-reader';
import { parseCronSchedule } from '../../packages/collector/src/kube-state/cron-schedule.ts';
import { readSummary } from '../../packages/collector/src/kubelet/stats-summary.ts';
import { ScrapeError } from '../../packages/collector/src/scrape/scrape-error.ts';
import type { Target } from './target.ts';

const SUMMARIES = [
  '{"node":{"nodeName":"n1","runtime":{"imageFs":{"usedBytes":30,"inodes":9007199254740993}}},"pods":[{"podRef":{"name":"web-0",' +
    '"namespace":"shop","uid":"u"},"containers":[{"name":"app","rootfs":{"usedBytes":1},"logs":null}],"volume":[{"name":"data",' +
    '"usedBytes":5,"pvcRef":{"name":"d\\n\\"","namespace":"shop"}}],"ephemeral-storage":{"usedBytes":9}}]}',
  '{"node":{"nodeName":""},"pods":null}',
];
const SCHEDULES = [
  '*/15 0-6,20 1,15 Jan-Mar MON',
  '5/20 * ? * */2',
  'CRON_TZ=Europe/Paris 30 2 * * *',
  '0 0 29 2 0',
  '@weekly',
  '@every 1h30m0.5s',
];
const NOW_MS = Date.UTC(2026, 2, 28, 12);

function checkSummary(input: Buffer): void {
  let body: Buffer;
  try {
    // What it has read it gives back.
    ({ body } = readSummary('https://n1:10250/stats/summary', {
      body: Buffer.from(input),
      contentType: 'application/json',
    }));
  } catch (error) {
    if (error instanceof ScrapeError) return;
    throw error;
  }
  if (body.length === 0) return;
  // Whatever it makes of it is text that can be read.
  let series = 0;
  try {
    new ScrapeReader({ resolve: () => series++ }).read(body, 'text');
  } catch (error) {
    if (errorCode(error) !== 'WIRE_LIMIT_EXCEEDED') throw error;
  }
}

function checkSchedule(input: Buffer): void {
  const nextMs = parseCronSchedule(input.toString().slice(0, 100), '')?.next(NOW_MS);
  if (nextMs !== undefined && !(nextMs > NOW_MS && nextMs % 1000 === 0)) throw new Error(`due at ${nextMs}`);
}

export const clusterTargets: readonly Target[] = [
  {
    name: 'summaries of kubelets',
    samples: SUMMARIES.map((text) => Buffer.from(text)),
    iterations: 12_000,
    parse: checkSummary,
  },
  {
    name: 'schedules of CronJobs',
    samples: SCHEDULES.map((text) => Buffer.from(text)),
    iterations: 8_000,
    parse: checkSchedule,
  },
];
