/** The HTTP client of a sink, which reports as the sink. */
import { HttpClient } from './http-client/client.ts';
import type { HttpSettings } from './http-client/settings.ts';
import type { SinkDeps } from './sink.ts';

export function sinkClient(
  sink: string,
  settings: HttpSettings,
  { clock, env, version, events }: SinkDeps,
): HttpClient {
  return new HttpClient(settings, {
    clock,
    env,
    version,
    reloadFailed: (detail) => events.warn(sink, 'changed certificate or secret not usable', { detail }),
  });
}
