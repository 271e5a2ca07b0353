/** The pods of this node by what stands in the paths of their logs. A pod that is deleted stays as a tombstone until the
 *  last of its files is read and gone: its logs come last. */
import { type PodEntry, samePod } from './pod.ts';

interface Slot {
  entry: PodEntry;
  /** `cached`: known of an earlier run. `live`: the source has it now. `gone`: the source had it in this run. */
  state: 'cached' | 'live' | 'gone';
}

/** What a source of pods tells the directory. */
export interface PodEvents {
  /** All there are now. */
  replaced(pods: Iterable<PodEntry>): void;
  applied(pod: PodEntry): void;
  removed(pod: PodEntry): void;
}

export type LabelsOfNamespaces = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** Pods without log files yet: their files are found a moment after they are, or the other way round. Tombstones that no
 *  file has asked for are let go, the oldest first, beyond this: a node runs no more pods at once. */
const UNUSED_TOMBSTONES = 512;

export class PodDirectory implements PodEvents {
  readonly #slots = new Map<string, Slot>();
  /** Container logs of each pod, in all sources. */
  readonly #logs = new Map<string, number>();
  /** Tombstones without logs, oldest first. */
  readonly #unused = new Set<string>();
  readonly #changed: (pathUid: string) => void;
  readonly #namespacesChanged: (names: ReadonlySet<string>) => void;
  #namespaces: LabelsOfNamespaces | undefined;
  /** Labels of namespaces are wanted too. */
  awaitsNamespaces = false;
  #synced = false;

  constructor(changed: (pathUid: string) => void, namespacesChanged: (names: ReadonlySet<string>) => void) {
    this.#changed = changed;
    this.#namespacesChanged = namespacesChanged;
  }

  /** The source has told once what pods there are. */
  get synced(): boolean {
    return this.#synced;
  }

  get size(): number {
    return this.#slots.size;
  }

  get tombstones(): number {
    let count = 0;
    for (const { state } of this.#slots.values()) if (state !== 'live') count++;
    return count;
  }

  find(pathUid: string): PodEntry | undefined {
    return this.#slots.get(pathUid)?.entry;
  }

  /** Nothing better is to be had by waiting: the source has told of the pod, or told that it has no such pod while an
   *  earlier run knew it. */
  isSettled(pathUid: string): boolean {
    if (this.awaitsNamespaces && this.#namespaces === undefined) return false;
    const slot = this.#slots.get(pathUid);
    return slot !== undefined && (slot.state !== 'cached' || this.#synced);
  }

  namespaceLabels(namespace: string): Readonly<Record<string, string>> {
    return this.#namespaces?.get(namespace) ?? NONE;
  }

  /** A file of the pod has been found. */
  retain(pathUid: string): void {
    this.#logs.set(pathUid, (this.#logs.get(pathUid) ?? 0) + 1);
    this.#unused.delete(pathUid);
  }

  /** That file is read to its end, and gone. */
  release(pathUid: string): void {
    const logs = (this.#logs.get(pathUid) ?? 0) - 1;
    if (logs > 0) {
      this.#logs.set(pathUid, logs);
      return;
    }
    this.#logs.delete(pathUid);
    const slot = this.#slots.get(pathUid);
    if (slot !== undefined && slot.state !== 'live') this.#bury(pathUid);
  }

  /** What an earlier run knew; the source's word counts more. */
  restore(pods: Iterable<PodEntry>): void {
    for (const entry of pods) {
      if (this.#slots.has(entry.pathUid)) continue;
      this.#slots.set(entry.pathUid, { entry, state: 'cached' });
      if (!this.#logs.has(entry.pathUid)) this.#bury(entry.pathUid);
    }
  }

  /** What the next run has to know: pods whose logs it may find. */
  *remembered(): Iterable<PodEntry> {
    for (const [pathUid, { entry, state }] of this.#slots) {
      if (state === 'live' || this.#logs.has(pathUid)) yield entry;
    }
  }

  replaced(pods: Iterable<PodEntry>): void {
    const told = new Set<string>();
    for (const pod of pods) {
      told.add(pod.pathUid);
      this.applied(pod);
    }
    for (const [pathUid, { entry, state }] of [...this.#slots]) {
      if (state === 'live' && !told.has(pathUid)) this.removed(entry);
    }
    if (this.#synced) return;
    this.#synced = true;
    // Those who waited for a pod that is known of an earlier run alone need not any longer.
    for (const [pathUid, { state }] of this.#slots) if (state === 'cached') this.#changed(pathUid);
  }

  applied(pod: PodEntry): void {
    const { pathUid } = pod;
    this.#unused.delete(pathUid);
    const slot = this.#slots.get(pathUid);
    if (slot === undefined) {
      this.#slots.set(pathUid, { entry: pod, state: 'live' });
      this.#changed(pathUid);
      return;
    }
    const waited = slot.state === 'cached' && !this.#synced;
    slot.state = 'live';
    const known = slot.entry;
    if (samePod(known, pod)) {
      if (waited) this.#changed(pathUid);
      return;
    }
    // A pod that ends loses its address before it is deleted; its logs are still to be told by it.
    slot.entry = pod.ip === undefined && known.uid === pod.uid ? { ...pod, ip: known.ip } : pod;
    this.#changed(pathUid);
  }

  removed({ pathUid, uid }: PodEntry): void {
    const slot = this.#slots.get(pathUid);
    // A static pod's mirror may be made anew before the deletion of the old one is told.
    if (slot === undefined || slot.entry.uid !== uid) return;
    slot.state = 'gone';
    if (!this.#logs.has(pathUid)) this.#bury(pathUid);
  }

  /** Labels of all namespaces, as a list or a change brought them. */
  namespaces(all: LabelsOfNamespaces): void {
    const before = this.#namespaces;
    this.#namespaces = all;
    const changed = new Set<string>();
    for (const name of new Set([...(before?.keys() ?? []), ...all.keys()])) {
      // At first all of them: somebody may wait.
      if (before === undefined || !sameLabels(before.get(name) ?? NONE, all.get(name) ?? NONE)) changed.add(name);
    }
    if (changed.size > 0) this.#namespacesChanged(changed);
  }

  #bury(pathUid: string): void {
    this.#unused.add(pathUid);
    for (const oldest of this.#unused) {
      if (this.#unused.size <= UNUSED_TOMBSTONES) return;
      this.#unused.delete(oldest);
      this.#slots.delete(oldest);
    }
  }
}

const NONE: Readonly<Record<string, string>> = {};

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
