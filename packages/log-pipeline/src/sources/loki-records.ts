/** What is pushed by Loki's API as the pipeline's own records. */
import type { PushRequest } from '@vigie/wire/loki/push';
import { severityMember } from '../kernel/severity.ts';
import { severityOfValue } from '../kernel/twin/severity.ts';
import type { PushedGroup, PushedRecord } from '../lane/push-lane.ts';
import { joinTexts, Members } from './members.ts';
import { type Origin, Origins, originFacts, type PlaceFacts, Sequence } from './origins.ts';
import { rfc3339OfNanos } from './rfc3339.ts';

/** Labels that the usual agents give, and the facts that they name. */
const FACTS: ReadonlyMap<string, 'namespace' | 'podName' | 'containerName' | 'nodeName' | 'clusterName'> = new Map([
  ['namespace', 'namespace'],
  ['pod', 'podName'],
  ['container', 'containerName'],
  ['node_name', 'nodeName'],
  ['cluster', 'clusterName'],
]);
const LEVELS = ['level', 'detected_level', 'severity'];
const STREAM = 'stream';

/** One group for each stream: labels that name no fact, and structured metadata, become members below `labels`. */
export class LokiRecords {
  readonly #origins = new Origins<LokiOrigin>();
  readonly #sequence = new Sequence();
  readonly #place: () => PlaceFacts;

  constructor(place: () => PlaceFacts) {
    this.#place = place;
  }

  groupsOf(request: PushRequest, nowMs: number): PushedGroup[] {
    const place = this.#place();
    return request.streams.flatMap(({ labels, entries }) => {
      if (entries.length === 0) return [];
      const key = JSON.stringify([...labels].sort());
      const origin = this.#origins.of(place, key, () => originOf(labels, place));
      const stderr = labels.get(STREAM) === 'stderr';
      const level = LEVELS.flatMap((name) => labels.get(name) ?? [])[0];
      const records = entries.map(({ timeUnixNano, line, metadata }): PushedRecord => {
        const own = new Map(metadata);
        const said = LEVELS.flatMap((name) => own.get(name) ?? [])[0] ?? level;
        const severity = said === undefined ? 0 : severityOfValue(said);
        const members = new Members([]);
        const rest = metadata.filter(([name]) => !LEVELS.includes(name) && name !== 'trace_id' && name !== 'span_id');
        const trace = own.get('trace_id');
        const span = own.get('span_id');
        if (trace !== undefined) members.set('trace.id', trace);
        if (span !== undefined) members.set('span.id', span);
        const ownLabels = rest.length === 0 ? origin.labels : { ...origin.labels, ...Object.fromEntries(rest) };
        if (Object.keys(ownLabels).length > 0) members.set('labels', ownLabels);
        return {
          time: rfc3339OfNanos(timeUnixNano) ?? new Date(nowMs).toISOString(),
          stderr,
          severity,
          message: Buffer.from(line),
          members: joinTexts(severity === 0 ? '' : severityMember(severity), members.text()),
          sequence: this.#sequence.next(),
        };
      });
      return [{ facts: origin.facts, records }];
    });
  }
}

function originOf(labels: ReadonlyMap<string, string>, place: PlaceFacts): LokiOrigin {
  const said: { -readonly [Key in keyof PlaceFacts]: PlaceFacts[Key] } = {};
  const rest: [string, string][] = [];
  for (const [name, value] of labels) {
    const fact = FACTS.get(name);
    if (fact !== undefined) said[fact] = value;
    else if (name !== STREAM && !LEVELS.includes(name)) rest.push([name.replaceAll('.', '_'), value]);
  }
  return { facts: originFacts(place, said), labels: Object.fromEntries(rest) };
}

interface LokiOrigin extends Origin {
  readonly labels: Readonly<Record<string, string>>;
}
