/** Jobs and CronJobs. Source: kube-state-metrics, internal/store/job.go and cronjob.go. */
import { parseCronSchedule } from '../cron-schedule.ts';
import { isAt, listAt, numberAt, secondsAt, textAt } from '../fields.ts';
import type { Sample } from '../kind.ts';
import {
  conditionOf,
  countGauge,
  created,
  flagGauge,
  gauge,
  info,
  namespaced,
  numberGauge,
  one,
  owners,
  states,
  timeGauge,
} from '../samples.ts';

const FAILURES = ['BackoffLimitExceeded', 'DeadlineExceeded', 'Evicted'];

export const jobs = namespaced(
  {
    resource: 'jobs',
    goType: '*v1.Job',
    group: 'batch',
    path: '/apis/batch/v1/jobs',
    prefix: 'kube_job',
    families: [
      gauge('kube_job_info', 'Information about job.', () => one(1)),
      created('kube_job'),
      numberGauge(
        'kube_job_spec_parallelism',
        'The maximum desired number of pods the job should run at any given time.',
        'spec',
        'parallelism',
      ),
      numberGauge(
        'kube_job_spec_completions',
        'The desired number of successfully finished pods the job should be run with.',
        'spec',
        'completions',
      ),
      numberGauge(
        'kube_job_spec_active_deadline_seconds',
        'The duration in seconds relative to the startTime that the job may be active before the system tries to terminate it.',
        'spec',
        'activeDeadlineSeconds',
      ),
      countGauge(
        'kube_job_status_succeeded',
        'The number of pods which reached Phase Succeeded.',
        'status',
        'succeeded',
      ),
      gauge(
        'kube_job_status_failed',
        'The number of pods which reached Phase Failed and the reason for failure.',
        failedSamples,
        ['reason'],
      ),
      countGauge('kube_job_status_active', 'The number of actively running pods.', 'status', 'active'),
      countGauge('kube_job_status_ready', 'The number of ready pods that belong to this Job.', 'status', 'ready'),
      gauge('kube_job_complete', 'The job has completed its execution.', (job) => ended(job, 'Complete'), [
        'condition',
      ]),
      gauge('kube_job_failed', 'The job has failed its execution.', (job) => ended(job, 'Failed'), ['condition']),
      timeGauge(
        'kube_job_status_start_time',
        'StartTime represents time when the job was acknowledged by the Job Manager.',
        'status',
        'startTime',
      ),
      timeGauge(
        'kube_job_status_completion_time',
        'CompletionTime represents time when the job was completed.',
        'status',
        'completionTime',
      ),
      gauge('kube_job_status_suspended', 'The number of pods which reached Phase Suspended.', (job) => {
        const condition = conditionOf(job, 'Suspended');
        return condition === undefined ? [] : one(textAt(condition, 'status') === 'True' ? 1 : 0);
      }),
      owners('kube_job', 'Job'),
    ],
  },
  'job_name',
);

function ended(job: unknown, type: string): readonly Sample[] {
  const condition = conditionOf(job, type);
  return condition === undefined ? [] : states(condition, 'condition');
}

/** By reason where that is one of those known. */
function failedSamples(job: unknown): readonly Sample[] {
  const failed = numberAt(job, 'status', 'failed') ?? 0;
  if (failed === 0) return one(0);
  const condition = conditionOf(job, 'Failed');
  const reason = textAt(condition, 'reason');
  const known = FAILURES.map((name): Sample => ({ labels: [['reason', name]], value: name === reason ? 1 : 0 }));
  return [...(condition === undefined ? [] : known), ...(FAILURES.includes(reason) ? [] : one(failed))];
}

export const cronjobs = namespaced(
  {
    resource: 'cronjobs',
    goType: '*v1.CronJob',
    group: 'batch',
    path: '/apis/batch/v1/cronjobs',
    prefix: 'kube_cronjob',
    families: [
      gauge(
        'kube_cronjob_info',
        'Info about cronjob.',
        (job) =>
          info([
            ['schedule', textAt(job, 'spec', 'schedule')],
            ['concurrency_policy', textAt(job, 'spec', 'concurrencyPolicy')],
            ['timezone', textAt(job, 'spec', 'timeZone') || 'local'],
          ]),
        ['schedule', 'concurrency_policy', 'timezone'],
      ),
      created('kube_cronjob'),
      gauge('kube_cronjob_status_active', 'Active holds pointers to currently running jobs.', (job) =>
        one(listAt(job, 'status', 'active').length),
      ),
      timeGauge(
        'kube_cronjob_status_last_schedule_time',
        'LastScheduleTime keeps information of when was the last time the job was successfully scheduled.',
        'status',
        'lastScheduleTime',
      ),
      timeGauge(
        'kube_cronjob_status_last_successful_time',
        'LastSuccessfulTime keeps information of when was the last time the job was completed successfully.',
        'status',
        'lastSuccessfulTime',
      ),
      flagGauge(
        'kube_cronjob_spec_suspend',
        'Suspend flag tells the controller to suspend subsequent executions.',
        'spec',
        'suspend',
      ),
      numberGauge(
        'kube_cronjob_spec_starting_deadline_seconds',
        'Deadline in seconds for starting the job if it misses scheduled time for any reason.',
        'spec',
        'startingDeadlineSeconds',
      ),
      gauge(
        'kube_cronjob_next_schedule_time',
        "Next time the cronjob should be scheduled. The time after lastScheduleTime, or after the cron job's creation time if it's never been scheduled. Use this to determine if the job is delayed.",
        nextSchedule,
      ),
      numberGauge(
        'kube_cronjob_spec_successful_job_history_limit',
        'Successful job history limit tells the controller how many completed jobs should be preserved.',
        'spec',
        'successfulJobsHistoryLimit',
      ),
      numberGauge(
        'kube_cronjob_spec_failed_job_history_limit',
        'Failed job history limit tells the controller how many failed jobs should be preserved.',
        'spec',
        'failedJobsHistoryLimit',
      ),
      gauge(
        'kube_cronjob_metadata_resource_version',
        'Resource version representing a specific version of the cronjob.',
        (job) => one(Number(textAt(job, 'metadata', 'resourceVersion'))),
      ),
    ],
  },
  'cronjob',
);

/** None of one that is suspended, or that is never due. */
function nextSchedule(job: unknown): readonly Sample[] {
  if (isAt(job, 'spec', 'suspend')) return [];
  const since = secondsAt(job, 'status', 'lastScheduleTime') ?? secondsAt(job, 'metadata', 'creationTimestamp');
  if (since === undefined) return [];
  const schedule = parseCronSchedule(textAt(job, 'spec', 'schedule'), textAt(job, 'spec', 'timeZone'));
  const nextMs = schedule?.next(since * 1000);
  return one(nextMs === undefined ? undefined : nextMs / 1000);
}
