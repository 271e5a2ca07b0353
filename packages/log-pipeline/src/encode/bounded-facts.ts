/** Bounds what a pod may add to every record of its containers: its owner writes labels and annotations, up to 256 KiB of
 *  them, and one that filled the constants' memory would stop the delivery of everybody's logs. */
import type { RecordFacts } from './document.ts';
import { jsonText } from './json-text.ts';

type Metadata = Pick<RecordFacts, 'labels' | 'namespaceLabels' | 'annotations' | 'containerImage'>;

export interface BoundedMetadata<Facts extends Metadata> {
  readonly facts: Facts;
  /** What did not fit, as `annotation example.com/config`. */
  readonly leftOut: readonly string[];
}

/** Kubernetes allows labels of 63 characters; of an annotation, more than this is a document and no field. */
const MAX_VALUE_BYTES = 4 * 1024;
/** Half of what the kernel has for the constants of a record: the other half is for paths, ids and names. */
const MAX_METADATA_BYTES = 32 * 1024;
/** `,"k8s.pod.annotation.":""`, the longest form in which an entry is written. */
const ENTRY_BYTES = 32;
/** No registry's name, repository, tag and digest come near it. */
const MAX_IMAGE_BYTES = 1024;

/** Leaves out whole entries, by name: annotations first, then labels of the namespace, then those of the pod. A value
 *  is never cut, since half a value is another value.
 *  @returns the facts themselves where everything fits */
export function boundMetadata<Facts extends Metadata>(facts: Facts): BoundedMetadata<Facts> {
  const leftOut: string[] = [];
  let bytesLeft = MAX_METADATA_BYTES;
  const bound = (kind: string, entries: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
    const kept: [string, string][] = [];
    const names = Object.keys(entries);
    for (const name of names.sort()) {
      const value = entries[name] ?? '';
      const bytes = jsonBytes(name) + jsonBytes(value) + ENTRY_BYTES;
      if (jsonBytes(value) > MAX_VALUE_BYTES || bytes > bytesLeft) {
        leftOut.push(`${kind} ${name.slice(0, SHOWN_CHARACTERS)}`);
        continue;
      }
      bytesLeft -= bytes;
      kept.push([name, value]);
    }
    return kept.length === names.length ? entries : Object.fromEntries(kept);
  };
  const labels = bound('label', facts.labels);
  const namespaceLabels = bound('namespace label', facts.namespaceLabels);
  const annotations = bound('annotation', facts.annotations);
  let { containerImage } = facts;
  if (containerImage !== undefined && jsonBytes(containerImage) > MAX_IMAGE_BYTES) {
    leftOut.push('container image');
    containerImage = undefined;
  }
  if (leftOut.length === 0) return { facts, leftOut };
  return { facts: { ...facts, labels, namespaceLabels, annotations, containerImage }, leftOut };
}

const SHOWN_CHARACTERS = 100;

function jsonBytes(text: string): number {
  // Escapes take at most six bytes a code unit: short text needs no look.
  return text.length > MAX_METADATA_BYTES ? text.length : Buffer.byteLength(jsonText(text));
}
