/** Every metric of several replicas that share the work. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { HighAvailability } from './high-availability.ts';

export const HA_METRICS = {
  replicas: {
    name: 'vigie_alerting_ha_replicas',
    type: 'gauge',
    help: 'Replicas that live, as this one sees them, itself among them.',
    labels: [],
  },
  differing: {
    name: 'vigie_alerting_ha_differing_replicas',
    type: 'gauge',
    help: 'Replicas that have other groups of rules than this one: while a configuration is rolled out, or where rule files lie elsewhere.',
    labels: [],
  },
  shards: {
    name: 'vigie_alerting_ha_shards',
    type: 'gauge',
    help: 'Parts of the work by owner: this replica (self), another one, or nobody that lives (none).',
    labels: ['owner'],
  },
  leaseAge: {
    name: 'vigie_alerting_ha_lease_age_seconds',
    type: 'gauge',
    help: 'Time since this replica last renewed its Lease; from 4 on it owns nothing, from 9 on all of it.',
    labels: [],
  },
  alone: {
    name: 'vigie_alerting_ha_alone',
    type: 'gauge',
    help: '1 while the API server cannot be had, and this replica tells of all groups.',
    labels: [],
  },
  takeovers: {
    name: 'vigie_alerting_ha_takeovers_total',
    type: 'counter',
    help: 'Parts of the work that this replica has taken.',
    labels: [],
  },
  releases: {
    name: 'vigie_alerting_ha_releases_total',
    type: 'counter',
    help: 'Parts of the work that this replica has given to others.',
    labels: [],
  },
  duplicates: {
    name: 'vigie_alerting_ha_possible_duplicates_total',
    type: 'counter',
    help: 'Notifications that another replica may have sent, too: it had claimed them and is gone (takeover), or nobody can know (alone).',
    labels: ['reason'],
  },
  synced: {
    name: 'vigie_alerting_ha_synced',
    type: 'gauge',
    help: '1 while what the other replicas tell is heard.',
    labels: [],
  },
  records: {
    name: 'vigie_alerting_ha_shared_records_total',
    type: 'counter',
    help: 'Records of the state that were told to the others, or heard of them.',
    labels: ['direction'],
  },
  damaged: {
    name: 'vigie_alerting_ha_damaged_records_total',
    type: 'counter',
    help: 'Records of others that could not be read.',
    labels: [],
  },
  writes: {
    name: 'vigie_alerting_ha_writes_total',
    type: 'counter',
    help: 'Writes of the state to the API server, by result; renewals of the Lease are not among them.',
    labels: ['result'],
  },
  pending: {
    name: 'vigie_alerting_ha_pending_records',
    type: 'gauge',
    help: 'Records of the state that wait to be told to the others.',
    labels: [],
  },
  sizeBytes: {
    name: 'vigie_alerting_ha_state_bytes',
    type: 'gauge',
    help: 'Size of what this replica keeps at the API server, compressed.',
    labels: [],
  },
} as const satisfies MetricTable;

export function reportHa(
  { ownership, state, duplicates, isAlone, differing }: HighAvailability,
  shards: number,
  monotonicMs: number,
  report: Report<typeof HA_METRICS>,
): void {
  const { owned, unowned, renewedAtMs, counts } = ownership;
  report('replicas', {}, 1 + ownership.others().filter(({ isAlive }) => isAlive).length);
  report('differing', {}, differing);
  report('shards', { owner: 'self' }, owned);
  report('shards', { owner: 'other' }, shards - owned - unowned);
  report('shards', { owner: 'none' }, unowned);
  if (Number.isFinite(renewedAtMs)) report('leaseAge', {}, (monotonicMs - renewedAtMs) / 1000);
  report('alone', {}, Number(isAlone));
  report('takeovers', {}, counts.takeovers);
  report('releases', {}, counts.releases);
  for (const reason of ['takeover', 'alone'] as const) report('duplicates', { reason }, duplicates[reason]);
  if (state === undefined) return;
  const { written } = state;
  report('synced', {}, Number(state.isSynced));
  report('records', { direction: 'told' }, written.counts.records);
  report('records', { direction: 'heard' }, state.counts.received);
  report('damaged', {}, state.counts.damaged);
  for (const result of ['success', 'failure'] as const) report('writes', { result }, written.counts.writes[result]);
  report('pending', {}, written.pending);
  report('sizeBytes', {}, written.sizeBytes);
}
