/** What senders, the journal and the API server send: formats of bytes with lengths in them, and JSON in pieces. */
import { isDeepStrictEqual } from 'node:util';
import { errorCode } from '@vigie/core/errors';
import { DEFAULT_OTLP } from '../../packages/collector/src/config/otlp-config.ts';
import { DeltaStreams } from '../../packages/collector/src/otlp/delta-streams.ts';
import { type SampleSink, Translator } from '../../packages/collector/src/otlp/translate.ts';
import { JsonListReader, JsonSequenceReader, type OnValue } from '../../packages/kube/src/json-stream.ts';
import { eventForm, metadataForm, podForm } from '../../packages/kube/src/objects.ts';
import type { PushedGroup } from '../../packages/log-pipeline/src/lane/push-lane.ts';
import { ExportReader, type JournalEntry } from '../../packages/log-pipeline/src/sources/journald/export-format.ts';
import { cursorOf, JournalRecords } from '../../packages/log-pipeline/src/sources/journald/records.ts';
import { LokiRecords } from '../../packages/log-pipeline/src/sources/loki-records.ts';
import { OtlpRecords } from '../../packages/log-pipeline/src/sources/otlp-records.ts';
import { groupOf } from '../../packages/node-agent/src/events/event-record.ts';
import {
  decodePushRequest,
  encodePushRequest,
  formatPushRequest,
  type PushRequest,
  parsePushRequest,
} from '../../packages/wire/src/loki/push.ts';
import {
  formatLogsRequest,
  formatLogsResponse,
  parseLogsRequest,
  parseLogsResponse,
} from '../../packages/wire/src/otlp/json.ts';
import {
  decodeLogsRequest,
  decodeLogsResponse,
  encodeLogsRequest,
  encodeLogsResponse,
  type LogsRequest,
} from '../../packages/wire/src/otlp/logs.ts';
import { decodeMetricsRequest, type MetricsLimits, type MetricsRequest } from '../../packages/wire/src/otlp/metrics.ts';
import { parseMetricsRequest } from '../../packages/wire/src/otlp/metrics-json.ts';
import { compress, decompress } from '../../packages/wire/src/snappy.ts';
import { METRICS_JSON, METRICS_PROTOBUF } from './metrics-requests.ts';
import { JOURNAL_ENTRIES, KUBE_OBJECTS, LOGS_REQUESTS, LOGS_RESPONSES, MESSAGES, PUSH_REQUESTS } from './samples.ts';
import type { Target } from './target.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 10);
const RESERVED = ['message', 'stream', 'kubernetes', 'log'];
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** @returns undefined where it is refused for what it is
 *  @throws any other failure */
function unlessRefused<T>(read: () => T, ...codes: readonly string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (codes.includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

const unlessMalformed = <T>(read: () => T): T | undefined =>
  unlessRefused(read, 'WIRE_MALFORMED', 'WIRE_LIMIT_EXCEEDED');

function same(a: unknown, b: unknown): void {
  if (!isDeepStrictEqual(a, b)) throw new Error('it is read otherwise the second time');
}

/** Records are lines of JSON with a time, whoever sent them. @returns their members */
function membersOf(groups: readonly PushedGroup[]): readonly Readonly<Record<string, unknown>>[] {
  return groups.flatMap(({ facts, records }) => {
    JSON.stringify(facts);
    return records.map(({ time, members, sequence }) => {
      if (!RFC3339.test(time)) throw new Error(`time ${time}`);
      if (!Number.isSafeInteger(sequence) || sequence < 0) throw new Error(`sequence ${sequence}`);
      if (members.includes('\n')) throw new Error('a newline in members');
      const parsed: Readonly<Record<string, unknown>> = JSON.parse(`{${members}}`);
      return parsed;
    });
  });
}

const METRICS_LIMITS: MetricsLimits = { records: 100, values: 1_000, depth: 8, buckets: 1_000 };
const deltas = new DeltaStreams({ maxStreams: 50, maxStaleMs: 1_000 }, { monotonicMs: () => 0 });
const translators = [
  new Translator(DEFAULT_OTLP.translation, deltas),
  new Translator(
    { ...DEFAULT_OTLP.translation, isEscaped: false, convertsHistograms: true, hasScopeLabels: true },
    deltas,
  ),
];

/** What is made of it has names in order, and as many samples as its limits allow. */
function checkMetrics(request: MetricsRequest | undefined): void {
  if (request === undefined) return;
  let samples = 0;
  const check: SampleSink['float'] = ({ labels, timestampMs }) => {
    samples++;
    if (!Number.isInteger(timestampMs)) throw new Error(`time ${timestampMs}`);
    if (labels.get('__name__') === '') throw new Error('a series without a name');
  };
  const sink: SampleSink = {
    point: () => undefined,
    refuse: () => undefined,
    float: check,
    histogram: (sample, { positiveSpans, positiveCounts }) => {
      check(sample, 0);
      const length = positiveSpans.reduce((sum, span) => sum + span.length, 0);
      if (length !== positiveCounts.length) throw new Error('spans that are of other buckets');
    },
    info: (labels, timestampMs) => check({ labels, timestampMs, startTimestampMs: 0, exemplars: [] }, 1),
    metadata: () => undefined,
  };
  for (const translator of translators) translator.translate(request, sink);
  if (samples > 100_000) throw new Error(`${samples} samples`);
}

const place = { nodeName: 'node-1' };
const otlpRecords = new OtlpRecords(() => place, RESERVED);
const lokiRecords = new LokiRecords(() => place);
const journalRecords = new JournalRecords('node-1');

function checkLogs(request: LogsRequest | undefined): void {
  if (request !== undefined) membersOf(otlpRecords.groupsOf(request, NOW_MS));
}

/** Labels that are no facts of a record are below `labels`, every one. */
function checkPush(request: PushRequest | undefined): void {
  if (request === undefined) return;
  const members = membersOf(lokiRecords.groupsOf(request, NOW_MS));
  const entries = request.streams.flatMap(({ labels, entries: all }) => all.map(() => labels));
  for (const [index, labels] of entries.entries()) {
    const kept = members[index]?.labels ?? {};
    for (const name of labels.keys()) {
      if (!KNOWN_LABELS.has(name) && !Object.hasOwn(kept, name)) throw new Error(`the label ${name} is gone`);
    }
  }
}

const KNOWN_LABELS: ReadonlySet<string> = new Set([
  ...['namespace', 'pod', 'container', 'node_name', 'cluster', 'stream'],
  ...['level', 'detected_level', 'severity'],
]);

/** In pieces whose size depends on the input, so that it is the same each time. */
function* inPieces(input: Buffer): Generator<Buffer> {
  const size = 1 + (input.length % 37);
  for (let at = 0; at < input.length; at += size) yield input.subarray(at, at + size);
}

const MAX_BYTES = 256 * 1024;
const MAX_ENTRY_BYTES = 500;

function journalOf(pieces: Iterable<Buffer>): { readonly entries: readonly JournalEntry[]; readonly skipped: number } {
  const reader = new ExportReader({ maxEntryBytes: MAX_ENTRY_BYTES });
  const entries: JournalEntry[] = [];
  for (const piece of pieces) entries.push(...reader.push(piece));
  return { entries, skipped: reader.skipped };
}

interface JsonReader {
  write(chunk: Buffer): void;
  end(): unknown;
}

function valuesOf(reader: (onValue: OnValue) => JsonReader, pieces: Iterable<Buffer>): readonly string[] | undefined {
  const values: string[] = [];
  const isWhole = unlessRefused(() => {
    const stream = reader((bytes, start, end) => void values.push(bytes.toString('utf8', start, end)));
    for (const piece of pieces) stream.write(piece);
    stream.end();
    return true;
  }, 'KUBE_JSON_MALFORMED');
  return isWhole === true ? values : undefined;
}

const listReader = (onValue: OnValue): JsonReader => new JsonListReader(onValue);
const sequenceReader = (onValue: OnValue): JsonReader => new JsonSequenceReader(onValue);

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkObject(text: string): void {
  const object = parsedJson(text);
  const decoded = [podForm(), metadataForm(), eventForm].map(({ decode }) =>
    unlessRefused(() => decode(object), 'KUBE_OBJECT_INVALID'),
  );
  JSON.stringify(decoded);
  const event = unlessRefused(() => eventForm.decode(object), 'KUBE_OBJECT_INVALID');
  if (event !== undefined) JSON.stringify(groupOf(event, 'cluster', NOW_MS).facts);
}

export const wireTargets: readonly Target[] = [
  {
    name: 'OTLP in Protocol Buffers',
    samples: LOGS_REQUESTS.map(encodeLogsRequest),
    iterations: 5_000,
    parse(input) {
      const request = unlessMalformed(() => decodeLogsRequest(input));
      if (request !== undefined) same(decodeLogsRequest(encodeLogsRequest(request)), request);
      checkLogs(request);
    },
  },
  {
    name: 'OTLP in JSON',
    samples: LOGS_REQUESTS.map((request) => Buffer.from(formatLogsRequest(request))),
    iterations: 4_000,
    parse(input) {
      const request = unlessMalformed(() => parseLogsRequest(input.toString()));
      if (request !== undefined) same(parseLogsRequest(formatLogsRequest(request)), request);
      checkLogs(request);
    },
  },
  {
    name: 'answers of OTLP',
    samples: LOGS_RESPONSES.flatMap((response) => [
      encodeLogsResponse(response),
      Buffer.from(formatLogsResponse(response)),
    ]),
    iterations: 12_000,
    parse(input) {
      const response = unlessMalformed(() => decodeLogsResponse(input));
      if (response !== undefined) same(decodeLogsResponse(encodeLogsResponse(response)), response);
      const fromJson = unlessMalformed(() => parseLogsResponse(input.toString()));
      if (fromJson !== undefined) same(parseLogsResponse(formatLogsResponse(fromJson)), fromJson);
    },
  },
  {
    name: 'OTLP metrics in Protocol Buffers',
    samples: METRICS_PROTOBUF,
    iterations: 4_000,
    parse: (input) => checkMetrics(unlessMalformed(() => decodeMetricsRequest(input, METRICS_LIMITS))),
  },
  {
    name: 'OTLP metrics in JSON',
    samples: METRICS_JSON,
    iterations: 4_000,
    parse: (input) => checkMetrics(unlessMalformed(() => parseMetricsRequest(input.toString(), METRICS_LIMITS))),
  },
  {
    name: 'Loki push in Protocol Buffers',
    samples: PUSH_REQUESTS.map(encodePushRequest),
    iterations: 8_000,
    parse(input) {
      const request = unlessMalformed(() => decodePushRequest(input));
      if (request !== undefined) same(decodePushRequest(encodePushRequest(request)), request);
      checkPush(request);
    },
  },
  {
    name: 'Loki push in JSON',
    samples: PUSH_REQUESTS.map((request) => Buffer.from(formatPushRequest(request))),
    iterations: 5_000,
    parse(input) {
      const request = unlessMalformed(() => parsePushRequest(input.toString()));
      if (request !== undefined) same(parsePushRequest(formatPushRequest(request)), request);
      checkPush(request);
    },
  },
  {
    name: 'snappy',
    samples: [...MESSAGES, ...PUSH_REQUESTS.map(encodePushRequest), Buffer.alloc(5000, 'ab')].map(compress),
    iterations: 15_000,
    parse(input) {
      const plain = unlessMalformed(() => decompress(input, MAX_BYTES));
      if (plain === undefined) return;
      if (plain.length > MAX_BYTES) throw new Error(`${plain.length} bytes`);
      same(decompress(compress(plain), MAX_BYTES), plain);
    },
  },
  {
    name: "the journal's export format",
    samples: JOURNAL_ENTRIES,
    iterations: 6_000,
    parse(input) {
      const read = journalOf([input]);
      same(journalOf(inPieces(input)), read);
      for (const entry of read.entries) {
        let bytes = 0;
        for (const [name, value] of entry) bytes += name.length + value.length;
        if (bytes > MAX_ENTRY_BYTES) throw new Error(`an entry of ${bytes} bytes`);
        cursorOf(entry);
      }
      membersOf(journalRecords.groupsOf(read.entries, NOW_MS));
    },
  },
  {
    name: 'lists of the API server',
    samples: KUBE_OBJECTS.map((object) =>
      Buffer.from(JSON.stringify({ kind: 'List', metadata: { resourceVersion: '7' }, items: [object, object] })),
    ),
    iterations: 2_500,
    parse(input) {
      const items = valuesOf(listReader, [input]);
      same(valuesOf(listReader, inPieces(input)), items);
      const whole = parsedJson(input.toString());
      if (typeof whole === 'object' && whole !== null && !Array.isArray(whole)) {
        // Of members of one name JSON.parse keeps the last.
        if (items === undefined) throw new Error('a list that JSON.parse reads is refused');
        const last = 'items' in whole && Array.isArray(whole.items) ? whole.items : [];
        same(items.slice(items.length - last.length).map(parsedJson), last);
      }
      for (const item of items ?? []) checkObject(item);
    },
  },
  {
    name: 'watches of the API server',
    samples: KUBE_OBJECTS.map((object) => Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n`.repeat(2))),
    iterations: 8_000,
    parse(input) {
      const events = valuesOf(sequenceReader, [input]);
      same(valuesOf(sequenceReader, inPieces(input)), events);
      for (const event of events ?? []) {
        const value = parsedJson(event);
        if (typeof value === 'object' && value !== null && 'object' in value) checkObject(JSON.stringify(value.object));
      }
    },
  },
];
