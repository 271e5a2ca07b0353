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
          title: 'Alerts held',
          description:
            'That stay as they are although their rule does not find them: without data, not cleared, flapping.',
          unit: 'none',
          queries: [q.heldAlerts],
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
      title: 'Rules on logs',
      panels: [
        {
          title: 'Questions to the log store',
          description: 'By result: while it is down, alerts stay as they were.',
          unit: 'cps',
          queries: [q.logQueries],
        },
        {
          title: 'Lines',
          description: 'That patterns found, and those that came late and were counted then.',
          unit: 'cps',
          queries: [q.logLines, q.lateLines],
        },
        {
          title: 'Waiting for lines',
          description: 'Before a window is evaluated: as long as lines take to get there.',
          unit: 's',
          queries: [q.logDelay],
        },
        {
          title: 'State that could not be written',
          description: 'After a restart, such a rule knows what it knew before.',
          unit: 'cps',
          queries: [q.logStateFailures],
        },
      ],
    },
    {
      title: 'Pages',
      panels: [
        { title: 'Pages', description: 'That escalate, or are acknowledged.', unit: 'none', queries: [q.pages] },
        {
          title: 'Acknowledged and escalated',
          description: 'Escalations by the receiver that was told.',
          unit: 'none',
          queries: [q.acknowledgements, q.escalations],
        },
        {
          title: 'Context of pages',
          description: 'Log lines and charts, by what came of them; late is what the page did not wait for.',
          unit: 'cps',
          queries: [q.context],
        },
        { title: 'Charts in memory', description: 'That pages link to.', unit: 'none', queries: [q.charts] },
        { title: 'Size of charts', description: 'Of what they show.', unit: 'bytes', queries: [q.chartBytes] },
        {
          title: 'Heartbeats sent',
          description: 'By result: none is sent while alerts do not get through.',
          unit: 'cps',
          queries: [q.heartbeats],
        },
        {
          title: 'Heartbeats that are missing',
          description: '1 while one that others are to send is.',
          unit: 'none',
          queries: [q.missingHeartbeats],
        },
      ],
    },
    {
      title: 'Replicas',
      panels: [
        {
          title: 'Replicas',
          description: 'That live, as each sees them, and that have other groups of rules than it has.',
          unit: 'none',
          queries: [q.replicas, q.differing],
        },
        {
          title: 'Parts of the work',
          description: 'By owner: none is nobody, until another takes it.',
          unit: 'none',
          queries: [q.shards],
        },
        {
          title: 'Age of the Lease',
          description: 'From 4 s on a replica owns nothing, from 9 s on all of it.',
          unit: 's',
          queries: [q.leaseAge],
        },
        {
          title: 'Alone, or in touch',
          description: 'Alone: the API server cannot be had, and each replica tells of all groups.',
          unit: 'none',
          queries: [q.alone, q.synced],
        },
        {
          title: 'Handed over',
          description: 'Parts of the work that were taken and given.',
          unit: 'none',
          queries: [q.takeovers, q.releases],
        },
        {
          title: 'Possible duplicates',
          description: 'Notifications that another replica may have sent, too.',
          unit: 'none',
          queries: [q.duplicates],
        },
        {
          title: 'Records shared',
          description: 'Told to others and heard of them, and those that could not be read.',
          unit: 'cps',
          queries: [q.sharedRecords, q.sharedDamage],
        },
        { title: 'Writes to the API server', description: 'By result.', unit: 'cps', queries: [q.sharedWrites] },
        {
          title: 'Records that wait',
          description: 'To be told to the others.',
          unit: 'none',
          queries: [q.sharedPending],
        },
        {
          title: 'State at the API server',
          description: 'Compressed, of each replica.',
          unit: 'bytes',
          queries: [q.sharedBytes],
        },
      ],
    },
    {
      title: 'Objects of the Prometheus operator',
      panels: [
        {
          title: 'Kinds',
          description: '1 while the API server tells of it.',
          unit: 'none',
          queries: [q.operatorKinds],
        },
        {
          title: 'Objects',
          description: 'By whether they can be used; GET /status says why not.',
          unit: 'none',
          queries: [q.operatorObjects],
        },
        {
          title: 'Failures',
          description: 'Of lists and watches, and of Secrets and ConfigMaps that objects name.',
          unit: 'cps',
          queries: [q.operatorFailures, q.operatorAssets],
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
          queries: [q.stateRecords, q.stateWrites, q.stateRules],
        },
        { title: 'Snapshots', description: 'By result.', unit: 'none', queries: [q.stateSnapshots] },
        {
          title: 'Damage and drops',
          description:
            'Records that could not be read at the start, and events of the history that the disk did not take, or of which too many came at a time.',
          unit: 'none',
          queries: [q.damaged, q.historyDropped, q.historyLeftOut],
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
