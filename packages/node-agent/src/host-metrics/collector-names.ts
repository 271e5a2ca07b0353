/** node_exporter's collectors that are here too, by its names for them. */
export const COLLECTORS = [
  'bonding',
  'conntrack',
  'cpu',
  'diskstats',
  'entropy',
  'filefd',
  'filesystem',
  'loadavg',
  'mdadm',
  'meminfo',
  'netclass',
  'netdev',
  'netstat',
  'pressure',
  'sockstat',
  'stat',
  'time',
  'uname',
  'vmstat',
] as const;

export type CollectorName = (typeof COLLECTORS)[number];
