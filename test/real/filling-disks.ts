/** Disks of a test's node that are watched while they fill up. Each is the place of a local volume too, so that the node agent tells of it as
 *  a disk and the kubelet as a volume. */
import { NODE_NAME } from './parts/kubernetes-node.ts';
import type { Disk } from './parts/node-disks.ts';
import { shellContainer } from './shell-container.ts';

/** Percent of their space that are left in the end. */
const SPACE_LEFT = { filling: 18, narrow: 8, full: 3 } as const;
/** Its inodes are used up, and its space is not. */
const OUT_OF_INODES = 'crowded';
const NAMES = [...Object.keys(SPACE_LEFT), OUT_OF_INODES];

const SIZE_MIB = 8;
/** More than its files need. */
const INODES = 64;
const FEW_INODES = 32;

/** Where the node agent of deploy/ looks: its pod has /var/log mounted. */
const DISK_FOLDER = '/var/log/disks';
/** Where pods have the volumes. */
const VOLUME_FOLDER = '/disks';

export const DISKS: readonly Disk[] = NAMES.map((name) => ({
  path: mountPointOf(name),
  sizeMiB: SIZE_MIB,
  inodes: name === OUT_OF_INODES ? FEW_INODES : INODES,
}));

export function mountPointOf(name: string): string {
  return `${DISK_FOLDER}/${name}`;
}

/** The volumes, and a pod that has them mounted: of others the kubelet tells nothing. */
export function watchedDisks(): readonly object[] {
  return [...NAMES.flatMap((name) => [volume(name), claim(name)]), pod('keeper', 'sleep 100000')];
}

/** PromQL that has as many series as there are disks and volumes which the collector has seen. */
export const SEEN_DISKS = `node_filesystem_avail_bytes{mountpoint=~"${DISK_FOLDER}/.+"} or kubelet_volume_stats_available_bytes`;
export const SEEN_DISK_SERIES = 2 * NAMES.length;

/** A pod that fills the disks. What is to be foreseen needs to have been seen before. */
export function diskFiller(): object {
  const fills = Object.entries(SPACE_LEFT).map(([name, percent]) => `fill ${VOLUME_FOLDER}/${name} ${percent}`);
  return pod('hoarder', [FILL, ...fills, CROWD, 'sleep 100000'].join('\n'));
}

/** df says device, KiB, and how many of them are used and available: the third to the sixth parameter. The file system needs some for itself: a
 *  second round finds whether there is still too much. Each file is called after what was available before it. */
const FILL = `
fill() {
  while set -- "$1" "$2" $(busybox df -Pk "$1" | busybox tail -n 1) && [ $(($6 * 100)) -gt $(($4 * $2)) ]; do
    busybox dd if=/dev/zero of="$1/$6" bs=1k count=$(($6 + 1 - $4 * $2 / 100))
  done
}`;
const CROWD = `n=0; while touch ${VOLUME_FOLDER}/${OUT_OF_INODES}/$n; do n=$((n + 1)); done`;

function volume(name: string): object {
  const here = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [NODE_NAME] }];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: `${SIZE_MIB}Mi` },
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      local: { path: mountPointOf(name) },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: here }] } },
    },
  };
}

function claim(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      volumeName: name,
      resources: { requests: { storage: `${SIZE_MIB}Mi` } },
    },
  };
}

function pod(name: string, script: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        shellContainer(script, {
          volumeMounts: NAMES.map((volumeName) => ({ name: volumeName, mountPath: `${VOLUME_FOLDER}/${volumeName}` })),
        }),
      ],
      volumes: NAMES.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
    },
  };
}
