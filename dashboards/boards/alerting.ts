/** The dashboard of alerting: are rules evaluated in time, which alerts are there, and is everybody told who should be. */
import { ALERTING_METRICS } from '@vigie/alerting/telemetry';
import { alertingQueries as q } from '../queries/alerting.ts';
import type { BoardDefinition } from './board.ts';
import { processPanels } from './process-panels.ts';

const ALERTS = ALERTING_METRICS.alerts.name;

export const alertingBoard: BoardDefinition = {
  uid: 'vigie-alerting',
  title: 'Vigie / Alerting',
  description: 'Rules, the alerts that come of them and from others, and who is told of them.',
  tags: ['vigie', 'alerting'],
  variables: [
    { label: 'job', title: 'Job', metric: ALERTS, matchers: '' },
    { label: 'instance', title: 'Replica', metric: ALERTS, matchers: 'job=~"$job"' },
  ],
  overview: [
    { title: 'Alerts that fire', description: 'Those that are silenced included.', unit: 'none', query: q.firing },
    {
      title: 'Notifications that failed',
      description: 'In the time shown, after all attempts. The next flush of the group tries again.',
      unit: 'none',
      query: q.failedInRange,
      alarmAt: 1,
    },
    {
      title: 'Rules that failed',
      description: 'Evaluations, in the time shown; /api/v1/rules says why.',
      unit: 'none',
      query: q.rulesFailedInRange,
      alarmAt: 1,
    },
    {
      title: 'Evaluations missed',
      description: 'In the time shown: the one before took longer than the interval. Alerts come late.',
      unit: 'none',
      query: q.rulesMissedInRange,
      alarmAt: 1,
    },
    {
      title: 'Notifications that wait',
      description: 'For the rate limit of their receiver.',
      unit: 'none',
      query: q.waitingNow,
      alarmAt: 1,
    },
    {
      title: 'State in memory alone',
      description: '1 while the disk does not take it: a restart would tell again what was told.',
      unit: 'none',
      query: q.incomplete,
      alarmAt: 1,
    },
  ],
  rows: [
    {
      title: 'Alerts',
      panels: [
        { title: 'Alerts by state', description: 'That there are.', unit: 'none', queries: [q.alerts] },
        {
          title: 'Alerts taken',
          description: 'From clients and from rules; each is told of again while it fires.',
          unit: 'cps',
          queries: [q.received],
        },
        {
          title: 'Alerts refused',
          description: 'Because there are too many, or they are too large. Nobody is told of them.',
          unit: 'cps',
          queries: [q.refused],
        },
        {
          title: 'Alerts left out',
          description: 'Of a flush of their group, by cause: silence, inhibition, time interval.',
          unit: 'cps',
          queries: [q.suppressed],
        },
        { title: 'Groups', description: 'Of alerts that are told together.', unit: 'none', queries: [q.groups] },
        { title: 'Silences', description: 'By state.', unit: 'none', queries: [q.silences] },
      ],
    },
    {
      title: 'Notifications',
      panels: [
        { title: 'Notifications by receiver', description: 'To be sent.', unit: 'cps', queries: [q.notifications] },
        {
          title: 'Failures by receiver',
          description: 'After all attempts: a key, an address, or a server that is down.',
          unit: 'cps',
          queries: [q.failedNotifications],
        },
        {
          title: 'Attempts',
          description: 'And those that failed: a receiver that is slow or limits its clients.',
          unit: 'cps',
          queries: [q.requests, q.failedRequests],
        },
        {
          title: 'Time of an attempt',
          description: 'The middle one, and the slowest of a hundred.',
          unit: 's',
          queries: [q.latencyMedian, q.latencyMost],
        },
        {
          title: 'Told to the fallback',
          description: 'Because the receiver could not be told.',
          unit: 'none',
          queries: [q.fallbacks],
        },
        {
          title: 'Held back by rate limits',
          description: 'More happens than the receiver may be told of one by one.',
          unit: 'cps',
          queries: [q.held],
        },
        {
          title: 'Waiting for rate limits',
          description: 'None of them is dropped.',
          unit: 'none',
          queries: [q.waiting],
        },
        {
          title: 'Told in a digest',
          description: 'Together with others, because they had to wait.',
          unit: 'cps',
          queries: [q.digested],
        },
        {
          title: 'What is told and was told',
          description: 'Notifications under way, and groups of which it is known what was told.',
          unit: 'none',
          queries: [q.claims, q.notificationLog],
        },
      ],
    },
    {
      title: 'Rules',
      panels: [
        {
          title: 'Evaluations of groups',
          description: 'As they are due, and those missed because the one before took too long.',
          unit: 'cps',
          queries: [q.iterations, q.missed],
        },
        {
          title: 'Evaluations of rules',
          description: 'And those that failed, whose alerts stay as they were.',
          unit: 'cps',
          queries: [q.evaluations, q.failures],
        },
        {
          title: 'Share of the interval',
          description: 'That the last evaluation of a group took: beyond one, evaluations are missed.',
          unit: 'percentunit',
          queries: [q.shareOfInterval],
        },
        {
          title: 'Time in rules',
          description: 'Seconds of evaluation in a second, most of it waiting for answers.',
          unit: 'percentunit',
          queries: [q.evaluationSeconds],
        },
        { title: 'Since the last evaluation', description: 'Of a group.', unit: 's', queries: [q.sinceEvaluation] },
        {
          title: 'Alerts of rules',
          description: 'Pending and firing, by group.',
          unit: 'none',
          queries: [q.ruleAlerts],
        },
        {
          title: 'Rules and samples',
          description: 'Rules of a group, and samples that its last evaluation gave.',
          unit: 'none',
          queries: [q.rules, q.ruleSamples],
        },
        {
          title: 'Samples of rules refused',
          description: 'By what takes ALERTS and recorded series: too much waits, or it is down.',
          unit: 'cps',
          queries: [q.refusedSamples],
        },
      ],
    },
    {
      title: 'Servers that rules send to',
      panels: [
        {
          title: 'Waiting in queues',
          description: 'Samples for remote_write, and alerts for Alertmanagers.',
          unit: 'none',
          queries: [q.queued],
        },
        {
          title: 'Sent from queues',
          description: 'And batches that had to be sent again.',
          unit: 'cps',
          queries: [q.queueSent, q.queueRetries],
        },
        {
          title: 'Dropped from queues',
          description: 'Refused by the server, or too many waited.',
          unit: 'cps',
          queries: [q.queueDropped],
        },
      ],
    },
    {
      title: 'API',
      panels: [
        { title: 'Requests', description: 'By route and status.', unit: 'cps', queries: [q.apiRequests] },
        {
          title: 'Time of a request',
          description: 'Until its answer begins, the slowest of a hundred.',
          unit: 's',
          queries: [q.apiSeconds],
        },
        {
          title: 'Alerts posted',
          description: 'By clients, and those with which something is wrong.',
          unit: 'cps',
          queries: [q.posted, q.invalid],
        },
      ],
    },
    {
      title: 'State and history',
      panels: [
        {
          title: 'Log of the state',
          description: 'Since its last snapshot.',
          unit: 'bytes',
          queries: [q.logBytes],
        },
        {
          title: 'Records and writes',
          description: 'Writes that fail leave what happened in memory alone.',
          unit: 'cps',
          queries: [q.stateRecords, q.stateWrites],
        },
        { title: 'Snapshots', description: 'By result.', unit: 'none', queries: [q.stateSnapshots] },
        {
          title: 'Damage and drops',
          description:
            'Records that could not be read at the start, and events of the history that the disk did not take.',
          unit: 'none',
          queries: [q.damaged, q.historyDropped],
        },
      ],
    },
    {
      title: 'Process',
      panels: [
        ...processPanels(q),
        { title: 'Restarts', description: 'Of the process.', unit: 'none', queries: [q.restarts] },
        {
          title: 'Configuration in force',
          description: '1 while it is that of the file as it was read last.',
          unit: 'none',
          queries: [q.isInForce],
        },
        { title: 'Age of the configuration', description: 'Since it was read.', unit: 's', queries: [q.configAge] },
        { title: 'Reloads', description: 'By result.', unit: 'none', queries: [q.reloads] },
      ],
    },
  ],
};
