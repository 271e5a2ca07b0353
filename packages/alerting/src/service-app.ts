/** The HTTP interface of an alerting service, below its prefix. */
import type { Clock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import type { HttpReply } from '@vigie/core/http-server/exchange';
import type { Log } from '@vigie/core/log';
import { rulesApi } from '@vigie/promql/api/prometheus-api';
import { type FastifyInstance, fastify } from 'fastify';
import { explainApi } from './api/explain-plugin.ts';
import { alertmanagerApi } from './api/plugin.ts';
import type { AlertsApiCounts } from './api/telemetry.ts';
import type { AlertingConfig } from './config/alerting-config.ts';
import type { AlertEngine } from './engine.ts';
import { type EngineWorldOptions, engineWorld } from './engine-world.ts';
import { type EscalationWorld, escalationApi, pageJson, pageText } from './escalation/escalation-plugin.ts';
import type { ExpectedHeartbeats } from './heartbeat/expected-heartbeats.ts';
import { heartbeatApi } from './heartbeat/heartbeat-plugin.ts';
import type { EventHistory } from './history/event-history.ts';
import { historyApi } from './history/history-plugin.ts';
import { deliveriesApi } from './notify/deliveries-plugin.ts';
import type { AlertingRules } from './rules/alerting-rules.ts';

export interface ServiceAppParts extends Pick<EngineWorldOptions, 'self' | 'peers' | 'startedAtMs' | 'routeLabelsOf'> {
  /** `/alertmanager`, or '' for the root. */
  readonly prefix: string;
  /** Of Vigie. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** In force now. */
  readonly config: () => AlertingConfig;
  /** undefined: alerts of rules go to Alertmanagers. */
  readonly engine: AlertEngine | undefined;
  /** Of the engine. */
  readonly history: EventHistory | undefined;
  readonly expectedHeartbeats: ExpectedHeartbeats | undefined;
  readonly rules: Pick<AlertingRules, 'providers'> | undefined;
  readonly counts: AlertsApiCounts;
  /** What is known of the objects of the Prometheus operator; null where they are not read. */
  readonly operatorObjects: () => unknown;
  /** @param file the last part of its path */
  readonly chart: (file: string) => HttpReply;
}

export async function serviceApp(parts: ServiceAppParts): Promise<FastifyInstance> {
  const { prefix, clock, log, engine, history, rules, operatorObjects, chart } = parts;
  const app = fastify({ logger: false });
  const corsOrigin = parts.config().corsOrigin || undefined;
  if (engine !== undefined && history !== undefined)
    for (const plugin of enginePlugins(engine, history, corsOrigin, parts)) await app.register(plugin, { prefix });
  if (rules !== undefined) await app.register(rulesApi, { prefix, clock, log, corsOrigin, providers: rules.providers });
  app.get(`${prefix}/status`, async () => ({ operatorObjects: operatorObjects() }));
  app.get<{ Params: { file: string } }>(`${prefix}/charts/:file`, (request, reply) => {
    const { status = 200, headers = {}, body } = chart(request.params.file);
    return reply.code(status).headers(headers).send(body);
  });
  for (const path of ['/-/healthy', '/-/ready']) app.get(prefix + path, async () => 'OK\n');
  app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('404 page not found\n'));
  await app.ready();
  return app;
}

function enginePlugins(
  engine: AlertEngine,
  history: EventHistory,
  corsOrigin: string | undefined,
  parts: ServiceAppParts,
) {
  const { version, clock, log, config, counts, expectedHeartbeats, self } = parts;
  const alertmanager = () => {
    const written = config().alertmanager;
    if (written === undefined) throw bug('an engine without alertmanager_config');
    return written;
  };
  const escalation: EscalationWorld = {
    clock,
    stepsOf: (receiver) => config().receivers.get(receiver)?.escalation ?? [],
    pages: () => engine.escalations.pages.values(),
    acknowledge: (selects, by) => engine.acknowledge(selects, by),
    withdraw: (selects, by) => engine.withdrawAcknowledgement(selects, by),
    end: (selects, by) => engine.endAlerts(selects, by),
  };
  const groupOf = (groupId: string) => {
    const timers = engine.timersOf(groupId);
    const page = engine.escalations.pages.get(groupId);
    return (
      timers && { ...timers, page: page && { json: pageJson(page, escalation), text: pageText(page, escalation) } }
    );
  };
  const world = engineWorld(engine, { ...parts, alertmanager });
  return [
    alertmanagerApi(world, { version, clock, log, counts, corsOrigin }),
    explainApi(world, () => engine.config, groupOf),
    escalationApi(escalation),
    ...(expectedHeartbeats === undefined ? [] : [heartbeatApi(expectedHeartbeats)]),
    historyApi(history, clock, () => self().name),
    deliveriesApi({
      history,
      receivers: () => engine.receivers,
      claims: () => engine.state.outbox.all(),
      limits: () => engine.limits,
    }),
  ];
}
