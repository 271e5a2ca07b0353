/** What all replicas know, through the API server: each writes objects of its own, and watches those of the others. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import { Reflector } from '@vigie/kube/reflector';
import { decodeStateRecord, encodeStateRecord, type StateRecord, stateRecordKey } from '../state/state-record.ts';
import { AlertTransitions } from './alert-transitions.ts';
import { RecordVersions } from './record-versions.ts';
import type { Replica } from './replication.ts';
import { RuleTransitions } from './rule-transitions.ts';
import { SharedLog } from './shared-log.ts';
import {
  decodeBatches,
  GROUP_LABEL,
  type SharedLine,
  type SharedObject,
  type SharedPlace,
  sharedObjectForm,
} from './shared-object.ts';

export interface SharedStateDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** So long a notification waits until the others can know of it, and whoever posts alerts. */
const SHARE_WAIT_MS = 1000;
/** Alerts of which the others have to hear again are looked for this often: a tenth of REFRESH_BEFORE_MS. */
const SWEEP_MS = 10_000;

/** Servers send a bookmark once a minute where nothing else is to be told: one that says nothing for longer is watched by nobody. */
const SILENCE_MS = 75_000;

/** As often as the Lease is asked for: whoever owns a part of the work has to hear of it. There are few replicas. */
export const RECONNECT = { baseMs: 1000, capMs: 4000 } as const;

/** A record of another replica. */
interface ReadLine extends SharedLine {
  readonly decoded: StateRecord;
}

export class SharedState {
  readonly counts = { received: 0, damaged: 0 };
  readonly #place: SharedPlace;
  readonly #replica: Replica;
  readonly #deps: SharedStateDeps;
  readonly #versions = new RecordVersions();
  readonly #transitions = new AlertTransitions();
  readonly #rules = new RuleTransitions();
  readonly #reflector: Reflector<SharedObject>;
  readonly #log: SharedLog;
  /** Of objects: how many of their bytes have been read, by uid. */
  readonly #read = new Map<string, number>();
  /** Alerts of which others told last, by fingerprint. */
  readonly #foreign = new Set<string>();
  /** Claims of others of which it is not known what came of them. */
  readonly #openClaims = new Set<string>();
  #sweep: Timer | undefined;
  #isFirst = true;

  constructor(place: SharedPlace, replica: Replica, deps: SharedStateDeps) {
    const { client, clock, random, log } = deps;
    this.#place = place;
    this.#replica = replica;
    this.#deps = deps;
    this.#log = new SharedLog(place, () => this.#all(), deps);
    this.#reflector = new Reflector(
      client,
      {
        path: resourcePath({ group: '', version: 'v1', resource: 'configmaps' }, place.namespace),
        selectors: { labelSelector: `${GROUP_LABEL}=${place.name}` },
        form: sharedObjectForm,
        key: ({ name }) => name,
      },
      {
        replaced: (all) => this.#takeAll([...all.values()]),
        applied: (_name, object) => {
          if (!this.#log.has(object.name)) this.#take(this.#newLines(object));
        },
        removed: (_name, { uid }) => void this.#read.delete(uid),
      },
      { clock, random, log, backoff: RECONNECT, silenceMs: SILENCE_MS },
    );
  }

  get written(): Pick<SharedLog, 'counts' | 'pending' | 'sizeBytes' | 'isFailing'> {
    return this.#log;
  }

  /** Whether all that the others have told is known. */
  get isSynced(): boolean {
    return this.#reflector.state === 'synced';
  }

  /** Alerts of which others told last. */
  get foreignAlerts(): ReadonlySet<string> {
    return this.#foreign;
  }

  /** Resolves when what the others have told is here, or after waitMs. */
  async start(waitMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    this.#reflector.start(signal);
    const waited = new AbortController();
    await Promise.race([this.#reflector.synced, clock.sleep(waitMs, waited.signal).catch(() => undefined)]);
    waited.abort();
    this.#scheduleSweep();
  }

  /** Whether another replica may have told it already: it has said that it would, and not that it has. */
  isClaimedElsewhere(record: StateRecord): boolean {
    return record.kind === 'told' && this.#openClaims.has(pairOf(record.group, record.integration));
  }

  /** As Replication.share. */
  async share(records: readonly StateRecord[]): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    const lines = new Map<string, SharedLine>();
    for (const record of records) {
      if (!this.#isNews(record, nowMs)) continue;
      if (record.kind === 'told') this.#openClaims.delete(pairOf(record.group, record.integration));
      lines.set(stateRecordKey(record), {
        version: this.#versions.next(record, nowMs),
        record: encodeStateRecord(record),
      });
    }
    if (lines.size === 0) return;
    const written = this.#log.append(lines);
    // Rules go on: what they know of their alerts can be told a little later.
    if (this.#log.isFailing || records.every(({ kind }) => kind === 'rule' || kind === 'log_rule')) return;
    const waited = new AbortController();
    const overdue = this.#deps.clock.sleep(SHARE_WAIT_MS, waited.signal).catch(() => undefined);
    await Promise.race([written, overdue]);
    waited.abort();
  }

  /** Takes over what replicas have left that are no more.
   *  @param isGone by their names */
  adoptObjects(isGone: (replica: string) => boolean): void {
    const { items } = this.#reflector;
    const left = [...items.values()].filter(({ replica, name }) => isGone(replica) && !this.#log.has(name));
    this.#log.adopt(left);
  }

  /** What is pending is told first, for waitMs at most. */
  async close(waitMs: number): Promise<void> {
    this.#sweep?.cancel();
    await this.#log.close(waitMs);
    await this.#reflector.close();
  }

  #isNews(record: StateRecord, nowMs: number): boolean {
    switch (record.kind) {
      case 'alert':
        this.#foreign.delete(record.alert.fingerprint);
        return this.#transitions.isNews(record.alert, nowMs);
      // When a group is told next follows from what was told, and from the alerts.
      case 'group':
        return false;
      case 'rule':
        return this.#rules.isNews(record.record);
      default:
        return true;
    }
  }

  #takeAll(objects: readonly SharedObject[]): void {
    const mine = objects.filter(({ replica }) => replica === this.#place.replica);
    if (this.#isFirst) {
      this.#isFirst = false;
      // Of a former life: they are read, written anew with the next snapshot, and removed.
      for (const { name } of mine) this.#log.beginAt(Number(name.slice(name.lastIndexOf('-') + 1)) + 1);
      this.#log.adopt(mine);
    }
    const uids = new Set(objects.map(({ uid }) => uid));
    for (const uid of this.#read.keys()) if (!uids.has(uid)) this.#read.delete(uid);
    this.#take(objects.filter(({ name }) => !this.#log.has(name)).flatMap((object) => this.#newLines(object)));
  }

  /** Of what has been added since it was read. */
  #newLines({ uid, bytes }: SharedObject): readonly ReadLine[] {
    const readBytes = this.#read.get(uid) ?? 0;
    this.#read.set(uid, bytes.length);
    const { lines, damaged } = decodeBatches(bytes.subarray(readBytes));
    this.counts.damaged += damaged;
    return lines.flatMap((line) => {
      const decoded = decodeStateRecord(line.record);
      if (decoded !== undefined) return [{ ...line, decoded }];
      this.counts.damaged += 1;
      return [];
    });
  }

  #take(lines: readonly ReadLine[]): void {
    const records: StateRecord[] = [];
    // In the order in which they were told: what was told ends a claim before it, and none behind.
    for (const { decoded, version } of lines.toSorted((a, b) => a.version - b.version)) {
      if (!this.#versions.take(decoded, version)) continue;
      this.#noteOther(decoded);
      records.push(decoded);
    }
    this.counts.received += records.length;
    if (records.length > 0) this.#replica.take(records);
  }

  #noteOther(record: StateRecord): void {
    switch (record.kind) {
      case 'alert':
        this.#foreign.add(record.alert.fingerprint);
        this.#transitions.note(record.alert);
        return;
      case 'claim':
        this.#openClaims.add(pairOf(record.claim.group, record.claim.integration));
        return;
      case 'told':
        this.#openClaims.delete(pairOf(record.group, record.integration));
        return;
      case 'rule':
        this.#rules.note(record.record);
        return;
      default:
    }
  }

  *#all(): Generator<SharedLine> {
    const nowMs = this.#deps.clock.nowMs();
    this.#versions.retain(this.#replica.records(), nowMs);
    const fingerprints = new Set<string>();
    for (const record of this.#replica.records()) {
      if (record.kind === 'group') continue;
      if (record.kind === 'alert') fingerprints.add(record.alert.fingerprint);
      yield { version: this.#versions.current(record), record: encodeStateRecord(record) };
    }
    this.#transitions.retain(fingerprints);
    for (const fingerprint of this.#foreign) if (!fingerprints.has(fingerprint)) this.#foreign.delete(fingerprint);
  }

  #scheduleSweep(): void {
    this.#sweep = this.#deps.clock.setTimer(SWEEP_MS, () => {
      const due = this.#transitions.takeDue(this.#deps.clock.nowMs());
      const lines = due.map((alert): readonly [string, SharedLine] => {
        const record: StateRecord = { kind: 'alert', alert };
        const version = this.#versions.next(record, this.#deps.clock.nowMs());
        return [stateRecordKey(record), { version, record: encodeStateRecord(record) }];
      });
      if (lines.length > 0) void this.#log.append(new Map(lines));
      this.#log.renewOld();
      this.#scheduleSweep();
    });
  }
}

function pairOf(group: string, integration: string): string {
  return `${group}\n${integration}`;
}
