/** The paths that every long-running part serves. */
import { describeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Exposition } from '../telemetry.ts';
import { type HttpHandler, jsonReply, textReply } from './exchange.ts';
import type { Route } from './routes.ts';

export interface HealthCheck {
  readonly name: string;
  /** Why it is not well; undefined when it is. */
  readonly problem?: string | undefined;
}

export interface HealthSource {
  /** Whether a restart would help: keep it to that. */
  live(): readonly HealthCheck[];
  /** Whether it does its work now. */
  ready(): readonly HealthCheck[];
  metrics(): Promise<Exposition>;
  /** A bad configuration rejects and leaves the old one running. */
  reload?(): Promise<void>;
  /** Keys of what the configuration that was taken up last has otherwise than the one of the start, and that take effect with the next start alone. */
  nextStart?(): readonly string[];
}

/** `/livez`, `/readyz` and Prometheus' `/-/healthy`, `/-/ready`: 200 or 503, a line per check in Kubernetes' manner;
 *  `/metrics`; and `POST /-/reload`, where the source can.
 *  @param log told of each reload, as by SIGHUP: whoever asked may not look at the answer */
export function healthRoutes(source: HealthSource, log: Pick<Log, 'info' | 'error'>): readonly Route[] {
  const live = health(() => source.live());
  const ready = health(() => source.ready());
  const routes: Route[] = [
    { methods: ['GET'], path: '/livez', handler: live, access: 'anyone' },
    { methods: ['GET'], path: '/-/healthy', handler: live, access: 'anyone' },
    { methods: ['GET'], path: '/readyz', handler: ready, access: 'anyone' },
    { methods: ['GET'], path: '/-/ready', handler: ready, access: 'anyone' },
    { methods: ['GET'], path: '/metrics', handler: () => metrics(source), access: 'reader' },
  ];
  if (source.reload !== undefined) {
    routes.push({ methods: ['POST', 'PUT'], path: '/-/reload', handler: () => reload(source, log) });
  }
  return routes;
}

function health(checks: () => readonly HealthCheck[]): HttpHandler {
  return () => {
    const results = checks();
    const lines = results.map(({ name, problem }) =>
      problem === undefined ? `[+]${name} ok` : `[-]${name}: ${problem}`,
    );
    const well = results.every(({ problem }) => problem === undefined);
    return textReply(`${[...lines, well ? 'ok' : 'not ok'].join('\n')}\n`, well ? 200 : 503);
  };
}

async function metrics(source: HealthSource) {
  const { contentType, body } = await source.metrics();
  return { headers: { 'content-type': contentType }, body };
}

async function reload(source: HealthSource, log: Pick<Log, 'info' | 'error'>) {
  try {
    await source.reload?.();
    log.info('reloaded');
    const nextStart = source.nextStart?.() ?? [];
    return jsonReply(nextStart.length === 0 ? { status: 'reloaded' } : { status: 'reloaded', nextStart });
  } catch (error) {
    log.error('not reloaded, the old configuration stays', { error });
    // The operator who asked is the one who has to mend the file; Prometheus answers 500 here too.
    return jsonReply({ error: `not reloaded, the old configuration stays: ${describeError(error)}` }, 500);
  }
}
