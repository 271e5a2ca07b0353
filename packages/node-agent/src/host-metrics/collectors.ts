/** What each collector is. */
import { assertNever } from '@vigie/core/errors';
import { compileRegex } from '@vigie/core/regex';
import { COLLECTORS, type CollectorName } from './collector-names.ts';
import { collectArp } from './collectors/arp.ts';
import { collectBonding } from './collectors/bonding.ts';
import { collectConntrack } from './collectors/conntrack.ts';
import { CpuCollector } from './collectors/cpu.ts';
import { collectDiskstats } from './collectors/diskstats.ts';
import { collectEntropy } from './collectors/entropy.ts';
import { collectFilefd } from './collectors/filefd.ts';
import { FilesystemCollector } from './collectors/filesystem.ts';
import { collectLoad } from './collectors/load.ts';
import { collectMdadm } from './collectors/mdadm.ts';
import { collectMeminfo } from './collectors/meminfo.ts';
import { NetclassCollector } from './collectors/netclass.ts';
import { NetdevCollector } from './collectors/netdev.ts';
import { collectNetstat } from './collectors/netstat.ts';
import { collectPressure } from './collectors/pressure.ts';
import { collectSchedstat } from './collectors/schedstat.ts';
import { collectSockstat } from './collectors/sockstat.ts';
import { collectSoftnet } from './collectors/softnet.ts';
import { collectStat } from './collectors/stat.ts';
import { collectTime } from './collectors/time.ts';
import { collectUdpQueues } from './collectors/udp-queues.ts';
import { collectUname } from './collectors/uname.ts';
import { collectVmstat } from './collectors/vmstat.ts';
import type { Family } from './family.ts';
import type { Host } from './host.ts';
import type { HostMetricsConfig } from './host-metrics-config.ts';

/** What node_exporter leaves out unless told otherwise. */
const MOUNT_POINTS = '^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)';
const FILESYSTEM_TYPES =
  '^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$';

const NO_DEVICES = '^$';

/** @returns undefined where this host has nothing of the kind, which is no success and no failure
 *  @throws where a file that every host has cannot be read, or says what it never does */
export type Collect = (host: Host) => Promise<readonly Family[] | undefined>;

/** Makes the collectors that are asked for; some keep what they saw last. */
export function createCollectors({ collectors, exclude }: HostMetricsConfig): ReadonlyMap<CollectorName, Collect> {
  return new Map((collectors ?? COLLECTORS).map((name) => [name, createCollector(name, exclude)]));
}

function createCollector(name: CollectorName, exclude: HostMetricsConfig['exclude']): Collect {
  switch (name) {
    case 'arp':
      return collectArp;
    case 'bonding':
      return collectBonding;
    case 'conntrack':
      return collectConntrack;
    case 'cpu':
      return collecting(new CpuCollector());
    case 'diskstats':
      return collectDiskstats;
    case 'entropy':
      return collectEntropy;
    case 'filefd':
      return collectFilefd;
    case 'filesystem':
      return collecting(
        new FilesystemCollector({
          mountPoints: compileRegex(exclude.mount_points ?? MOUNT_POINTS),
          types: compileRegex(exclude.filesystem_types ?? FILESYSTEM_TYPES),
        }),
      );
    case 'loadavg':
      return collectLoad;
    case 'mdadm':
      return collectMdadm;
    case 'meminfo':
      return collectMeminfo;
    case 'netclass':
      return collecting(new NetclassCollector(compileRegex(exclude.network_devices ?? NO_DEVICES)));
    case 'netdev':
      return collecting(new NetdevCollector(compileRegex(exclude.network_devices ?? NO_DEVICES)));
    case 'netstat':
      return collectNetstat;
    case 'pressure':
      return collectPressure;
    case 'schedstat':
      return collectSchedstat;
    case 'sockstat':
      return collectSockstat;
    case 'softnet':
      return collectSoftnet;
    case 'stat':
      return collectStat;
    case 'time':
      return collectTime;
    case 'udp_queues':
      return collectUdpQueues;
    case 'uname':
      return collectUname;
    case 'vmstat':
      return collectVmstat;
    default:
      return assertNever(name);
  }
}

function collecting(collector: { collect: Collect }): Collect {
  return (host) => collector.collect(host);
}
