/** Whether there are traces: where OpenTelemetry's variables name an endpoint for them. The SDK takes 12 MB, bundled, which
 *  nobody pays who has not asked for it. */
import type { Log } from '@vigie/core/log';
import type { Tracing } from './tracing.ts';

export interface TracingOptions {
  /** Of Vigie. */
  readonly version: string;
  /** Where OTEL_SERVICE_NAME does not say another. */
  readonly serviceName: string;
}

/** @returns undefined where none are wanted */
export async function openTracing(
  env: Readonly<Record<string, string | undefined>>,
  options: TracingOptions,
  log: Log,
): Promise<Tracing | undefined> {
  if (!wantsTraces(env)) return undefined;
  const { startTracing } = await import('./otel-tracing.ts');
  return startTracing(env, options, log);
}

/** Source: OpenTelemetry specification 1.50, "Environment Variable Specification". */
export function wantsTraces(env: Readonly<Record<string, string | undefined>>): boolean {
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT || '';
  const isDisabled = env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
  return endpoint !== '' && !isDisabled && env.OTEL_TRACES_EXPORTER?.trim() !== 'none';
}
