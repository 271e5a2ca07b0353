/** PersistentVolumes, their claims, and StorageClasses. Source: kube-state-metrics, internal/store/persistentvolume.go,
 *  persistentvolumeclaim.go and storageclass.go. */
import { parseQuantity } from '@vigie/kube/parse-quantity';
import { entriesAt, listAt, numberAt, textAt } from '../fields.ts';
import type { Labels } from '../kind.ts';
import {
  CONDITION_LABELS,
  clusterWide,
  conditions,
  created,
  deleted,
  gauge,
  info,
  isPresent,
  namespaced,
  one,
  oneOf,
} from '../samples.ts';

/** Labels by where in `spec` they are told. */
const VOLUME_LABELS = [
  ['storageclass', 'storageClassName'],
  ['gce_persistent_disk_name', 'gcePersistentDisk', 'pdName'],
  ['ebs_volume_id', 'awsElasticBlockStore', 'volumeID'],
  ['azure_disk_name', 'azureDisk', 'diskName'],
  ['fc_wwids', 'fc', 'wwids'],
  ['fc_lun', 'fc', 'lun'],
  ['fc_target_wwns', 'fc', 'targetWWNs'],
  ['iscsi_target_portal', 'iscsi', 'targetPortal'],
  ['iscsi_iqn', 'iscsi', 'iqn'],
  ['iscsi_lun', 'iscsi', 'lun'],
  ['iscsi_initiator_name', 'iscsi', 'initiatorName'],
  ['nfs_server', 'nfs', 'server'],
  ['nfs_path', 'nfs', 'path'],
  ['csi_driver', 'csi', 'driver'],
  ['csi_volume_handle', 'csi', 'volumeHandle'],
  ['local_path', 'local', 'path'],
  ['local_fs', 'local', 'fsType'],
  ['host_path', 'hostPath', 'path'],
  ['host_path_type', 'hostPath', 'type'],
  ['reclaim_policy', 'persistentVolumeReclaimPolicy'],
] as const;

export const persistentvolumes = clusterWide(
  {
    resource: 'persistentvolumes',
    goType: '*v1.PersistentVolume',
    group: '',
    path: '/api/v1/persistentvolumes',
    prefix: 'kube_persistentvolume',
    families: [
      gauge(
        'kube_persistentvolume_info',
        'Information about persistentvolume.',
        (volume) => info(volumeLabels(volume)),
        VOLUME_LABELS.map(([label]) => label),
      ),
      created('kube_persistentvolume'),
      deleted('kube_persistentvolume'),
      gauge('kube_persistentvolume_capacity_bytes', 'Persistentvolume capacity in bytes.', (volume) =>
        one(storageAt(volume, 'spec', 'capacity') ?? 0),
      ),
      gauge(
        'kube_persistentvolume_status_phase',
        'The phase indicates if a volume is available, bound to a claim, or released by a claim.',
        (volume) =>
          oneOf('phase', ['Pending', 'Available', 'Bound', 'Released', 'Failed'], textAt(volume, 'status', 'phase')),
        ['phase'],
      ),
      gauge(
        'kube_persistentvolume_claim_ref',
        'Information about the Persistent Volume Claim Reference.',
        (volume) =>
          isPresent(volume, 'spec', 'claimRef')
            ? info([
                ['name', textAt(volume, 'spec', 'claimRef', 'name')],
                ['claim_namespace', textAt(volume, 'spec', 'claimRef', 'namespace')],
              ])
            : [],
        ['name', 'claim_namespace'],
      ),
      gauge(
        'kube_persistentvolume_volume_mode',
        'Volume Mode information for the PersistentVolume.',
        (volume) => info([['volumemode', textAt(volume, 'spec', 'volumeMode')]]),
        ['volumemode'],
      ),
    ],
  },
  'persistentvolume',
);

function volumeLabels(volume: unknown): Labels {
  return VOLUME_LABELS.map(([label, ...path]) => {
    const [number, texts] = [numberAt(volume, 'spec', ...path), listAt(volume, 'spec', ...path)];
    if (number !== undefined) return [label, String(number)];
    return [label, texts.length > 0 ? texts.join(',') : textAt(volume, 'spec', ...path)];
  });
}

function storageAt(object: unknown, ...path: readonly string[]): number | undefined {
  const storage = entriesAt(object, ...path).find(([name]) => name === 'storage');
  return storage === undefined ? undefined : parseQuantity(storage[1]);
}

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

export const persistentvolumeclaims = namespaced(
  {
    resource: 'persistentvolumeclaims',
    goType: '*v1.PersistentVolumeClaim',
    group: '',
    path: '/api/v1/persistentvolumeclaims',
    prefix: 'kube_persistentvolumeclaim',
    families: [
      gauge(
        'kube_persistentvolumeclaim_info',
        'Information about persistent volume claim.',
        (claim) =>
          info([
            ['storageclass', classOf(claim)],
            ['volumename', textAt(claim, 'spec', 'volumeName')],
            ['volumemode', textAt(claim, 'spec', 'volumeMode')],
          ]),
        ['storageclass', 'volumename', 'volumemode'],
      ),
      created('kube_persistentvolumeclaim'),
      deleted('kube_persistentvolumeclaim'),
      gauge(
        'kube_persistentvolumeclaim_access_mode',
        'The access mode(s) specified by the persistent volume claim.',
        (claim) =>
          listAt(claim, 'spec', 'accessModes').flatMap((mode) =>
            typeof mode === 'string' ? info([['access_mode', mode]]) : [],
          ),
        ['access_mode'],
      ),
      gauge(
        'kube_persistentvolumeclaim_resource_requests_storage_bytes',
        'The capacity of storage requested by the persistent volume claim.',
        (claim) => one(storageAt(claim, 'spec', 'resources', 'requests')),
      ),
      gauge(
        'kube_persistentvolumeclaim_status_phase',
        'The phase the persistent volume claim is currently in.',
        (claim) => oneOf('phase', ['Lost', 'Bound', 'Pending'], textAt(claim, 'status', 'phase')),
        ['phase'],
      ),
      gauge(
        'kube_persistentvolumeclaim_status_condition',
        'Information about status of different conditions of persistent volume claim.',
        conditions,
        CONDITION_LABELS,
      ),
    ],
  },
  'persistentvolumeclaim',
);

function classOf(claim: unknown): string {
  return textAt(claim, 'metadata', 'annotations', CLASS_ANNOTATION) || textAt(claim, 'spec', 'storageClassName');
}

export const storageclasses = clusterWide(
  {
    resource: 'storageclasses',
    goType: '*v1.StorageClass',
    group: 'storage.k8s.io',
    path: '/apis/storage.k8s.io/v1/storageclasses',
    prefix: 'kube_storageclass',
    families: [
      gauge(
        'kube_storageclass_info',
        'Information about storageclass.',
        (storageClass) =>
          info([
            ['provisioner', textAt(storageClass, 'provisioner')],
            ['reclaim_policy', textAt(storageClass, 'reclaimPolicy') || 'Delete'],
            ['volume_binding_mode', textAt(storageClass, 'volumeBindingMode') || 'Immediate'],
          ]),
        ['provisioner', 'reclaim_policy', 'volume_binding_mode'],
      ),
      created('kube_storageclass'),
    ],
  },
  'storageclass',
);
