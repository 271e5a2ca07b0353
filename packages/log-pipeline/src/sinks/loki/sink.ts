/** Loki by its push API: Protocol Buffers in a snappy block. What Loki refuses with 400 it has stored in part, so that is never sent
 *  again. */
import { compress } from '@vigie/wire/snappy';
import type { RecordFacts } from '../../encode/document.ts';
import type { GroupShape } from '../../encode/group-shape.ts';
import { explanation, outcomeOfFailure } from '../http-client/answer-outcome.ts';
import type { HttpClient } from '../http-client/client.ts';
import { httpSettings } from '../http-client/settings.ts';
import { factFor, renderNameTemplate } from '../name-template.ts';
import type { GroupedBodies, RejectedItem, RetryReason, SendOutcome, Sink, SinkDeps } from '../sink.ts';
import { sinkClient } from '../sink-client.ts';
import { ENTRY, entryTimes, pushRequest, STREAM, type StreamGroup, streamGroups } from './body.ts';
import type { LokiSinkConfig } from './config.ts';
import { bodyOf, letterOf } from './dead-letter.ts';
import type { EqualTimes } from './equal-times.ts';
import { refusedEntries } from './refusal.ts';
import { LokiShape } from './shape.ts';
import { Streams } from './streams.ts';

const PATH = '/loki/api/v1/push';
const TENANT_HEADER = 'x-scope-orgid';
/** A refusal says something of each entry that the distributor refused. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Loki's components answer each other with it where a message is larger than gRPC allows, and pass it on as a 500. */
const GRPC_TOO_LARGE = 'received message larger than max';

const GROUPED: GroupedBodies = { path: [STREAM, ENTRY], toJson: letterOf, fromJson: bodyOf };

export class LokiSink implements Sink {
  readonly type = 'loki';
  readonly name: string;
  readonly linesPerRecord = 1;
  readonly takesDeflate = false;
  readonly perUtcDay = false;
  readonly ordered = true;
  readonly grouped = GROUPED;
  readonly #config: LokiSinkConfig;
  readonly #deps: SinkDeps;
  readonly #client: HttpClient;
  readonly #streams: Streams;
  readonly #equalTimes = new WeakMap<object, { readonly stdout: EqualTimes; readonly stderr: EqualTimes }>();

  constructor(name: string, config: LokiSinkConfig, deps: SinkDeps) {
    this.name = name;
    this.#config = config;
    this.#deps = deps;
    this.#streams = new Streams(config, () => deps.events.count(name, 'name_overflow', 1));
    this.#client = sinkClient(name, httpSettings(config.endpoints, { ...config, compression: undefined }), deps);
  }

  shape(facts: RecordFacts): GroupShape {
    const { structured_metadata: metadata, fields, max_line_size: maxLineBytes } = this.#config;
    const fact = (field: string): string => factFor(field, facts) ?? '';
    return new LokiShape(this.#streams.of(facts), this.#equalTimes, {
      metadata: Object.entries(metadata)
        .map(([name, template]) => [name, renderNameTemplate(template, '', fact)] as const)
        .filter(([, value]) => value !== ''),
      fields,
      maxLineBytes,
      count: (event, amount) => this.#deps.events.count(this.name, event, amount),
    });
  }

  async start(): Promise<void> {
    this.#client.check();
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  /** One request for each tenant, one after the other. */
  async send(body: Uint8Array, _records: number, signal: AbortSignal): Promise<SendOutcome> {
    const groups = streamGroups(Buffer.from(body.buffer, body.byteOffset, body.length));
    const tenants = new Map<string | undefined, Placed[]>();
    let firstIndex = 0;
    for (const group of groups) {
      const placed = { group, firstIndex };
      firstIndex += group.records;
      const others = tenants.get(group.tenant);
      if (others === undefined) tenants.set(group.tenant, [placed]);
      else others.push(placed);
    }
    const outcomes: TenantOutcome[] = [];
    for (const [tenant, placed] of tenants) {
      outcomes.push({ placed, outcome: await this.#sendTo(tenant, placed, signal) });
    }
    const [only] = outcomes;
    return only !== undefined && outcomes.length === 1 ? only.outcome : joined(outcomes);
  }

  async #sendTo(tenant: string | undefined, placed: readonly Placed[], signal: AbortSignal): Promise<SendOutcome> {
    const lateBeforeSeconds = (this.#deps.clock.nowMs() - this.#config.late_after) / 1000;
    const groups = placed.map(({ group }) => group);
    const result = await this.#client.send(
      {
        method: 'POST',
        path: PATH,
        contentType: 'application/x-protobuf',
        ...(tenant === undefined ? {} : { headers: { [TENANT_HEADER]: tenant } }),
        body: compress(pushRequest(groups, lateBeforeSeconds)),
        maxAnswerBytes: MAX_ANSWER_BYTES,
      },
      signal,
    );
    if (result.status === 'answered') {
      const { httpStatus } = result;
      if (httpStatus < 300) return { status: 'accepted' };
      if (httpStatus >= 500 && result.body.includes(GRPC_TOO_LARGE)) return { status: 'too_large' };
    }
    const outcome = outcomeOfFailure(result, () => true, this.#deps.clock.nowMs());
    if (outcome.status !== 'rejected' || result.status !== 'answered') return outcome;
    return refusal(placed, outcome.httpStatus, result.body, lateBeforeSeconds);
  }
}

/** A group, and the index of its first record in the body. */
interface Placed {
  readonly group: StreamGroup;
  readonly firstIndex: number;
}

interface TenantOutcome {
  readonly placed: readonly Placed[];
  readonly outcome: SendOutcome;
}

function refusal(placed: readonly Placed[], httpStatus: number, body: Buffer, lateBeforeSeconds: number): SendOutcome {
  const indices = indicesOf(placed);
  const entries = placed.flatMap(({ group }) => {
    const labels = group.firstSeconds < lateBeforeSeconds ? group.lateLabels : group.labels;
    return entryTimes(group).map((time) => ({ ...time, labels }));
  });
  const error = explanation(body);
  const rejected = refusedEntries(body.toString(), entries).map((at) => ({ index: indices[at]!, httpStatus, error }));
  return { status: 'items', retry: [], rejected, reason: 'unavailable' };
}

function indicesOf(placed: readonly Placed[]): number[] {
  return placed.flatMap(({ group, firstIndex }) => Array.from({ length: group.records }, (_, at) => firstIndex + at));
}

/** What several tenants' servers said. Whoever did not take its records is asked again, on its own if need be: then what it says
 *  is the outcome. */
function joined(outcomes: readonly TenantOutcome[]): SendOutcome {
  const retry: number[] = [];
  const rejected: RejectedItem[] = [];
  let reason: RetryReason = 'unavailable';
  let retryAfterMs: number | undefined;
  for (const { placed, outcome } of outcomes) {
    if (outcome.status === 'accepted') continue;
    if (outcome.status === 'items') {
      rejected.push(...outcome.rejected);
      continue;
    }
    retry.push(...indicesOf(placed));
    if (outcome.status !== 'retryable') continue;
    reason = outcome.reason;
    if (outcome.retryAfterMs !== undefined) retryAfterMs = Math.max(retryAfterMs ?? 0, outcome.retryAfterMs);
  }
  if (retry.length === 0 && rejected.length === 0) return { status: 'accepted' };
  retry.sort((a, b) => a - b);
  rejected.sort((a, b) => a.index - b.index);
  return { status: 'items', retry, rejected, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
