/** The dashboard of a collector: is every target found and scraped in time, do autoscalers get their answers, is everything sent on. */
import { COLLECTOR_TABLES } from '@vigie/collector/telemetry';
import { collectorQueries as q } from '../queries/collector.ts';
import type { BoardDefinition } from './board.ts';
import { processPanels } from './process-panels.ts';

/** The controller of HPAs asks one after another. */
const SLOW_ANSWER_SECONDS = 0.1;
const TARGETS = COLLECTOR_TABLES.scrape.targets.name;

export const collectorBoard: BoardDefinition = {
  uid: 'vigie-collector',
  title: 'Vigie / Collector',
  description: 'What the collector finds, scrapes and records, what it answers to Kubernetes, and what it sends on.',
  tags: ['vigie', 'collector'],
  variables: [
    { label: 'job', title: 'Job', metric: TARGETS, matchers: '' },
    { label: 'instance', title: 'Collector', metric: TARGETS, matchers: 'job=~"$job"' },
  ],
  overview: [
    {
      title: 'Targets',
      description: 'That are scraped, by all collectors together.',
      unit: 'none',
      query: q.targetsTotal,
    },
    {
      title: 'Failed scrapes',
      description: 'In the time shown. The reasons are in a row below.',
      unit: 'none',
      query: q.failuresInRange,
      alarmAt: 1,
    },
    {
      title: 'Missed scrapes',
      description: 'In the time shown: the one before took longer than the interval.',
      unit: 'none',
      query: q.missedInRange,
      alarmAt: 1,
    },
    {
      title: 'Samples refused',
      description: 'By the database, in the time shown: budgets, limits, or times out of order.',
      unit: 'none',
      query: q.refusedInRange,
      alarmAt: 1,
    },
    {
      title: 'Slow answers to Kubernetes',
      description: 'The slowest answer of a hundred takes longer than this.',
      unit: 's',
      query: q.slowAnswers,
      alarmAt: SLOW_ANSWER_SECONDS,
    },
    {
      title: 'Certificate in trouble',
      description: '1 while the certificate of the metrics APIs cannot be renewed or made known.',
      unit: 'none',
      query: q.certificateProblem,
      alarmAt: 1,
    },
  ],
  rows: [
    {
      title: 'Targets',
      panels: [
        {
          title: 'Targets by job',
          description: 'That are scraped; elsewhere: by other shards.',
          unit: 'none',
          queries: [q.targets, q.elsewhereTargets],
        },
        { title: 'Targets dropped', description: 'By relabeling.', unit: 'none', queries: [q.droppedTargets] },
        {
          title: 'Targets that cannot be scraped',
          description: 'Discovery gave them without an address, or with an interval that is none.',
          unit: 'cps',
          queries: [q.invalidTargets],
        },
        { title: 'Updates of jobs', description: 'Of their targets.', unit: 'cps', queries: [q.syncs] },
        { title: 'Updates from discovery', description: 'By kind.', unit: 'cps', queries: [q.updates] },
        {
          title: 'Failures of discovery',
          description: 'Files, answers, lookups and watches; the targets of before stay.',
          unit: 'cps',
          queries: [q.discoveryFailures],
        },
        { title: 'Watches', description: 'Of API servers, shared by all jobs.', unit: 'none', queries: [q.watches] },
      ],
    },
    {
      title: 'Scrapes',
      panels: [
        { title: 'Scrapes by job', description: 'Those that failed included.', unit: 'cps', queries: [q.scrapes] },
        { title: 'Failures by reason', description: 'Of scrapes.', unit: 'cps', queries: [q.failures] },
        {
          title: 'Scrapes left out',
          description: 'Because the one before took longer than the interval.',
          unit: 'cps',
          queries: [q.missed],
        },
        {
          title: 'Samples by job',
          description: 'That targets gave, before relabeling.',
          unit: 'cps',
          queries: [q.samples],
        },
        {
          title: 'Samples not taken',
          description: 'By the database. no_series: a budget or a limit keeps it from making their series.',
          unit: 'cps',
          queries: [q.refused],
        },
        {
          title: 'Delay of scrapes',
          description: 'How late the latest of a hundred begins.',
          unit: 's',
          queries: [q.startDelay],
        },
        {
          title: 'Time of a scrape',
          description: 'From the request to the samples in the database, the slowest of a hundred.',
          unit: 's',
          queries: [q.duration],
        },
      ],
    },
    {
      title: 'Recording rules and configuration',
      panels: [
        {
          title: 'Evaluations of groups',
          description: 'As they are due, and those missed because the one before took too long.',
          unit: 'cps',
          queries: [q.ruleIterations, q.ruleMissed],
        },
        { title: 'Evaluations of rules', description: 'By group.', unit: 'cps', queries: [q.ruleEvaluations] },
        {
          title: 'Failures of rules',
          description: 'Evaluations that failed, and samples that the database did not take.',
          unit: 'cps',
          queries: [q.ruleFailures, q.ruleRefused],
        },
        {
          title: 'Time in rules',
          description: 'Seconds of evaluation in a second.',
          unit: 'percentunit',
          queries: [q.ruleSeconds],
        },
        {
          title: 'Share of the interval',
          description: 'That the last evaluation of a group took: beyond one, evaluations are missed.',
          unit: 'percentunit',
          queries: [q.ruleShare],
        },
        { title: 'Since the last evaluation', description: 'Of a group.', unit: 's', queries: [q.ruleAge] },
        {
          title: 'Rules and their samples',
          description: 'Rules, samples of the last evaluation, and alerts of a group.',
          unit: 'none',
          queries: [q.rules, q.ruleSamples, q.ruleAlerts, q.ruleHeld],
        },
        {
          title: 'Alerting rules left',
          description: 'In its rule files, which vigie alerting evaluates and the collector does not.',
          unit: 'none',
          queries: [q.alertingRulesLeft],
        },
        {
          title: 'Configuration in force',
          description: '1 while it is that of the file as it was read last.',
          unit: 'none',
          queries: [q.reloadSucceeded],
        },
        { title: 'Age of the configuration', description: 'Since it was read.', unit: 's', queries: [q.reloadAge] },
        { title: 'Reloads', description: 'By result.', unit: 'none', queries: [q.reloads] },
      ],
    },
    {
      title: 'Metrics APIs of Kubernetes',
      panels: [
        { title: 'Answers', description: 'By group and HTTP status.', unit: 'cps', queries: [q.answers] },
        {
          title: 'Time of an answer',
          description: 'The slowest of a hundred, by group.',
          unit: 's',
          queries: [q.answerSeconds],
        },
        { title: 'Being answered', description: 'At the moment.', unit: 'none', queries: [q.inFlight] },
        {
          title: 'Who asks',
          description: 'The way that they are known by; refused, or unavailable where that could not be told.',
          unit: 'cps',
          queries: [q.authentications],
        },
        {
          title: 'APIServices',
          description: 'By who has them: ours, or others.',
          unit: 'none',
          queries: [q.apiServices],
        },
        {
          title: 'Certificate ends in',
          description: 'It is renewed after two thirds of its time.',
          unit: 's',
          queries: [q.certificateExpiry],
        },
        {
          title: 'Events about HPAs',
          description: 'Told because a metric of them cannot be served, by result.',
          unit: 'none',
          queries: [q.hpaEvents],
        },
      ],
    },
    {
      title: 'State of the cluster',
      panels: [
        { title: 'Objects', description: 'By kind.', unit: 'none', queries: [q.objects] },
        {
          title: 'Memory of objects',
          description: 'Text that is kept for scrapes.',
          unit: 'decbytes',
          queries: [q.objectBytes],
        },
        {
          title: 'Kinds that nothing is told of',
          description: 'How many collectors do not hear of a kind.',
          unit: 'none',
          queries: [q.objectsDown],
        },
        { title: 'Lists and watches that failed', description: 'By kind.', unit: 'cps', queries: [q.objectFailures] },
        {
          title: 'Objects left out',
          description: 'Over the limit of memory, or not to be decoded.',
          unit: 'cps',
          queries: [q.objectsDropped],
        },
        { title: 'Received from API servers', description: 'By kind.', unit: 'Bps', queries: [q.objectsReceived] },
      ],
    },
    {
      title: 'Probes',
      panels: [
        { title: 'Probes', description: 'By prober and result.', unit: 'cps', queries: [q.probes] },
        {
          title: 'Probes refused',
          description: 'No such module, no target, a prober that is not possible, too many at a time.',
          unit: 'cps',
          queries: [q.probesRefused],
        },
        { title: 'Time of a probe', description: 'The slowest of a hundred.', unit: 's', queries: [q.probeSeconds] },
        {
          title: 'Probes under way',
          description: 'And the modules that there are.',
          unit: 'none',
          queries: [q.probesInFlight, q.probeModules],
        },
      ],
    },
    {
      title: 'Objects of the Prometheus operator',
      panels: [
        {
          title: 'Objects of the operator',
          description: 'By kind, and whether they can be used; GET /status says of those that cannot why.',
          unit: 'none',
          queries: [q.operatorObjects],
        },
        { title: 'Jobs that objects ask for', description: 'By kind.', unit: 'none', queries: [q.operatorJobs] },
        {
          title: 'Kinds that are not there',
          description: 'How many collectors do not hear of a kind: it is not installed, or may not be read.',
          unit: 'none',
          queries: [q.operatorKindsDown],
        },
        {
          title: 'Lists, watches and Secrets that failed',
          description: 'By kind, or by collector.',
          unit: 'cps',
          queries: [q.operatorFailures, q.operatorAssetFailures],
        },
      ],
    },
    {
      title: 'Metrics of OpenTelemetry',
      panels: [
        {
          title: 'Requests',
          description: 'By format and result. retry and full: the sender comes again.',
          unit: 'cps',
          queries: [q.otlpRequests],
        },
        { title: 'Data points', description: 'That came.', unit: 'cps', queries: [q.otlpPoints] },
        {
          title: 'Data points refused',
          description: 'In whole or in part, by reason.',
          unit: 'cps',
          queries: [q.otlpRefused],
        },
        { title: 'Written', description: 'What the database has of them.', unit: 'cps', queries: [q.otlpWritten] },
        { title: 'Received', description: 'Decompressed.', unit: 'Bps', queries: [q.otlpReceived] },
        {
          title: 'Being read',
          description: 'Bytes of requests; otlp.max_pending bounds them.',
          unit: 'decbytes',
          queries: [q.otlpPending],
        },
        {
          title: 'Streams of deltas',
          description: 'That are remembered; otlp.delta.max_streams bounds them.',
          unit: 'none',
          queries: [q.otlpStreams],
        },
      ],
    },
    {
      title: 'Remote write',
      panels: [
        {
          title: 'Sent',
          description: 'By receiver.',
          unit: 'cps',
          queries: [q.sentSamples, q.sentHistograms, q.sentExemplars, q.sentMetadata],
        },
        {
          title: 'Sent again',
          description: 'Because the receiver could not take it or did not answer; metadata with the next interval.',
          unit: 'cps',
          queries: [q.retriedSamples, q.retriedHistograms, q.retriedExemplars, q.failedMetadata],
        },
        {
          title: 'Not sent, or refused',
          description: 'By reason.',
          unit: 'cps',
          queries: [q.droppedSamples, q.droppedHistograms, q.droppedExemplars],
        },
        {
          title: 'Behind',
          description: 'From the newest sample that was sent to the newest one of the log.',
          unit: 's',
          queries: [q.behind],
        },
        {
          title: 'Waiting in memory',
          description: 'Samples, histograms and exemplars.',
          unit: 'none',
          queries: [q.pending],
        },
        {
          title: 'Shards',
          description: 'Requests at a time: now, as the load asks for, and the bounds.',
          unit: 'none',
          queries: [q.shards, q.shardsDesired, q.shardsMin, q.shardsMax],
        },
        { title: 'Bytes sent', description: 'Compressed.', unit: 'Bps', queries: [q.sentBytes, q.sentMetadataBytes] },
        {
          title: 'Time of a request',
          description: 'The slowest of a hundred, by receiver.',
          unit: 's',
          queries: [q.sentSeconds],
        },
        {
          title: 'Reading waited',
          description: 'Because a shard was full.',
          unit: 'cps',
          queries: [q.enqueueRetries],
        },
        {
          title: 'Log held back',
          description: 'Segments between what is sent and what is written.',
          unit: 'none',
          queries: [q.heldSegments],
        },
        {
          title: 'Faults of the log',
          description: 'Positions that could not be written, and what of the log could not be read.',
          unit: 'cps',
          queries: [q.positionFailures, q.missingSegments, q.damagedBytes],
        },
        { title: 'Protocol', description: 'That is spoken with a receiver.', unit: 'none', queries: [q.protocols] },
      ],
    },
    {
      title: 'Process',
      panels: [
        ...processPanels(q),
        { title: 'Restarts', description: 'Of the process.', unit: 'none', queries: [q.restarts] },
      ],
    },
  ],
};
