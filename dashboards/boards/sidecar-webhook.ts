/** The dashboard of the webhook: do pods get their sidecars, why not, and how long is the API server kept waiting. */
import { WEBHOOK_METRICS } from '@vigie/sidecar/webhook/telemetry';
import { sidecarWebhookQueries as q } from '../queries/sidecar-webhook.ts';
import type { BoardDefinition } from './board.ts';
import { processPanels } from './process-panels.ts';

export const sidecarWebhookBoard: BoardDefinition = {
  uid: 'vigie-sidecar-webhook',
  title: 'Vigie / Sidecar webhook',
  description: 'Sidecars for pods that ask for them.',
  tags: ['vigie', 'logs'],
  variables: [
    { label: 'job', title: 'Job', metric: WEBHOOK_METRICS.buildInfo.name, matchers: '' },
    { label: 'instance', title: 'Replica', metric: WEBHOOK_METRICS.buildInfo.name, matchers: 'job=~"$job"' },
  ],
  overview: [
    {
      title: 'Replicas',
      description:
        'Replicas that answer Prometheus. While there is none, pods start without their sidecars and stay without.',
      unit: 'none',
      query: q.replicas,
    },
    {
      title: 'Injected',
      description: 'Pods that were given their sidecar, in the time shown.',
      unit: 'none',
      query: q.injectedInRange,
    },
    {
      title: 'Refused',
      description:
        'Pods that asked for a sidecar and cannot have it, in the time shown. They run without; the reasons are in a row below.',
      unit: 'none',
      query: q.refusedInRange,
      alarmAt: 1,
    },
    {
      title: 'Errors',
      description: 'Reviews that met a defect of the webhook, in the time shown. Their pods run without a sidecar.',
      unit: 'none',
      query: q.errorsInRange,
      alarmAt: 1,
    },
    {
      title: 'Certificate left',
      description: 'Until the first certificate ends. It is renewed when a third of its time is left.',
      unit: 's',
      query: q.certificateLeft,
    },
    {
      title: 'Certificate problems',
      description: 'Replicas that cannot look at their certificate or renew it; their log says why.',
      unit: 'none',
      query: q.certificateProblems,
      alarmAt: 1,
    },
  ],
  rows: [
    {
      title: 'Reviews',
      panels: [
        {
          title: 'Reviews by result',
          description:
            'unchanged: already injected, asked again, or a template without fault. warned: a Deployment or its kin, whose pods would be refused.',
          unit: 'cps',
          queries: [q.reviews],
        },
        {
          title: 'Pods without a sidecar, by reason',
          description: 'docs/reference/injection.md has what each reason means, and what to do.',
          unit: 'cps',
          queries: [q.reasons],
        },
        {
          title: 'Time to review',
          description: 'From the head of a review to the last byte of its answer. Each pod that asks waits as long.',
          unit: 's',
          queries: [q.median, q.p95, q.p99],
        },
        {
          title: 'Reviews in progress',
          description: 'Beyond admission.max_concurrent, reviews are answered 503 and pods pass without a sidecar.',
          unit: 'none',
          queries: [q.inProgress],
        },
        {
          title: 'Requests that were no review',
          description: 'busy: too many at a time; too_large, malformed: of an API server it should not happen.',
          unit: 'cps',
          queries: [q.rejected],
        },
      ],
    },
    {
      title: 'Certificate',
      panels: [
        {
          title: 'Time left of the served certificate',
          description: 'A saw whose teeth do not reach the ground.',
          unit: 's',
          queries: [q.certificateExpiry],
        },
        {
          title: 'Replicas with a problem',
          description: 'The API server does not answer, or rights are missing.',
          unit: 'none',
          queries: [q.certificateProblem],
        },
      ],
    },
    {
      title: 'Process',
      panels: [
        ...processPanels(q),
        {
          title: 'Restarts and reloads',
          description:
            'Restarts of the process, reloads by result, and replicas that run an older configuration because the new one is bad.',
          unit: 'none',
          queries: [q.restarts, q.reloads, q.badReloads],
        },
      ],
    },
  ],
};
