/** What is known of a container as fields of the Elastic Common Schema and, below `kubernetes`, of Beats. */
import type { DataStreamMembers, Owner, RecordFacts } from './document.ts';
import { dedottedLabels } from './labels.ts';

/** A path through a document, and the value at its end. */
export type Field = readonly [path: readonly string[], value: string | number];

/** In the order in which they stand in a document; fields of one object stand side by side. */
export function ecsFields(facts: RecordFacts, dataStream: DataStreamMembers | undefined): Field[] {
  const fields: Field[] = [];
  const add = (path: readonly string[], value: string | number | undefined): void => {
    if (value !== undefined) fields.push([path, value]);
  };
  const addAll = (name: string, entries: Readonly<Record<string, string>>): void => {
    for (const [key, value] of dedottedLabels(entries)) fields.push([['kubernetes', name, key], value]);
  };
  add(['kubernetes', 'namespace'], facts.namespace);
  add(['kubernetes', 'pod', 'name'], facts.podName);
  add(['kubernetes', 'pod', 'uid'], facts.podUid);
  add(['kubernetes', 'pod', 'ip'], facts.podIp);
  add(['kubernetes', 'container', 'name'], facts.containerName);
  // Beside the image, so with metadata alone: the file's path, which every record has, ends in the same number.
  if (facts.containerImage !== undefined) add(['kubernetes', 'container', 'status', 'restarts'], facts.restartCount);
  add(['kubernetes', 'node', 'name'], facts.nodeName);
  for (const owner of [facts.controller, facts.owner]) {
    if (owner !== undefined) addOwner(owner, add);
  }
  addAll('labels', facts.labels);
  addAll('namespace_labels', facts.namespaceLabels);
  addAll('annotations', facts.annotations);
  if (facts.metadataIncomplete) add(['kubernetes', 'metadata'], 'incomplete');
  add(['container', 'id'], facts.containerId);
  add(['container', 'image', 'name'], facts.containerImage);
  add(['orchestrator', 'cluster', 'name'], facts.clusterName);
  if (dataStream !== undefined) {
    for (const [name, value] of Object.entries(dataStream)) add(['data_stream', name], value);
  }
  return fields;
}

/** Beats name these; a pod of a custom resource has its labels to tell. */
const OWNER_FIELDS: ReadonlyMap<string, string> = new Map(
  ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'].map((kind) => [kind, kind.toLowerCase()]),
);

function addOwner(owner: Owner, add: (path: readonly string[], value: string) => void): void {
  const field = OWNER_FIELDS.get(owner.kind);
  if (field !== undefined) add(['kubernetes', field, 'name'], owner.name);
}
