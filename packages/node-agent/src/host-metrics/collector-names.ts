/** node_exporter's collectors that are here too, by its names for them. */
export const COLLECTORS = [
  'arp',
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
  'schedstat',
  'sockstat',
  'softnet',
  'stat',
  'time',
  'udp_queues',
  'uname',
  'vmstat',
] as const;

export type CollectorName = (typeof COLLECTORS)[number];
