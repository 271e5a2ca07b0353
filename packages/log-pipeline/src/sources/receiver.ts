/** Sources that applications push to: `otlp` and `loki_push`. */
import { duration, section, size } from '@vigie/core/config/fields';
import { listen } from '@vigie/core/config/listen';
import { assertNever } from '@vigie/core/errors';
import type { Route } from '@vigie/core/http-server/routes';
import * as v from 'valibot';
import { DOCUMENT_PATHS } from '../encode/document.ts';
import { Intake, type Outlet } from './intake.ts';
import { LokiRecords } from './loki-records.ts';
import type { PlaceFacts } from './origins.ts';
import { OtlpRecords } from './otlp-records.ts';
import { lokiRoute, otlpRoute, type PushRouteDeps } from './push-routes.ts';
import type { PushSource, PushSourceDeps } from './source.ts';

const receiverEntries = {
  /** A request's body, compressed and not. */
  max_body: v.optional(size({ min: 1024, max: 256 * 1024 * 1024 }), '16MiB'),
  /** Bytes of requests that may wait for their sinks; a request beyond is answered with 429. */
  max_pending: v.optional(size({ min: 1024 }), '32MiB'),
  /** How long a sender waits for the sinks before it is answered with 503. */
  timeout: v.optional(duration({ min: 100, max: 600_000 }), '10s'),
};

export const otlpReceiverSchema = section({
  type: v.literal('otlp'),
  /** Beyond loopback it takes nothing without auth. */
  listen: v.optional(listen(), '127.0.0.1:4318'),
  ...receiverEntries,
});

export const lokiReceiverSchema = section({
  type: v.literal('loki_push'),
  /** Beyond loopback it takes nothing without auth. */
  listen: v.optional(listen(), '127.0.0.1:3100'),
  ...receiverEntries,
});

export type ReceiverConfig = v.InferOutput<typeof otlpReceiverSchema> | v.InferOutput<typeof lokiReceiverSchema>;

export class Receiver implements PushSource {
  readonly type: ReceiverConfig['type'];
  readonly name: string;
  readonly routes: readonly Route[];
  /** It answers whoever asks, for as long as the process lives. */
  readonly isDone = true;
  readonly problem = undefined;
  readonly #intake: Intake;

  /** @param place what is known of whoever pushes */
  constructor(name: string, config: ReceiverConfig, place: () => PlaceFacts, { clock, events }: PushSourceDeps) {
    this.type = config.type;
    this.name = name;
    this.#intake = new Intake({ maxPendingBytes: config.max_pending, timeoutMs: config.timeout }, clock);
    const deps: PushRouteDeps = {
      intake: this.#intake,
      clock,
      count: (outcome, records) => events.count(name, outcome, records),
    };
    this.routes = [routeOf(config, place, deps)];
  }

  get pendingBytes(): number {
    return this.#intake.pendingBytes;
  }

  connect(outlets: readonly Outlet[]): void {
    this.#intake.connect(outlets);
  }

  async start(): Promise<void> {
    // Its listener is the agent's to open.
  }

  async close(): Promise<void> {
    this.#intake.connect([]);
  }
}

function routeOf(config: ReceiverConfig, place: () => PlaceFacts, deps: PushRouteDeps): Route {
  const options = { maxBodyBytes: config.max_body };
  switch (config.type) {
    case 'otlp':
      return otlpRoute(new OtlpRecords(place, DOCUMENT_PATHS), options, deps);
    case 'loki_push':
      return lokiRoute(new LokiRecords(place), options, deps);
    default:
      return assertNever(config);
  }
}
