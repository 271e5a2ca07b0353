/** Traces by OpenTelemetry's SDK, which reads its own variables: endpoint, headers, protocol, sampler, propagators, resource. */
import type { IncomingHttpHeaders } from 'node:http';
import { context, type Span as OtelSpan, propagation, SpanStatusCode, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { describeError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { TracingOptions } from './open-tracing.ts';
import type { Span, Tracing } from './tracing.ts';

export function startTracing(
  env: Readonly<Record<string, string | undefined>>,
  { version, serviceName }: TracingOptions,
  log: Log,
): Tracing {
  const isNamed =
    (env.OTEL_SERVICE_NAME ?? '') !== '' || /(?:^|,)\s*service\.name=/.test(env.OTEL_RESOURCE_ATTRIBUTES ?? '');
  const sdk = new NodeSDK({
    ...(isNamed ? {} : { serviceName }),
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  const tracer = trace.getTracer('vigie', version);
  log.info('traces are sent', { endpoint: env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT });
  return {
    continueFrom: (headers: IncomingHttpHeaders, run) =>
      context.with(propagation.extract(context.active(), headers), run),
    span: (name, attributes, run) =>
      tracer.startActiveSpan(name, { attributes }, async (span) => {
        try {
          return await run(spanOf(span));
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR, message: describeError(error) });
          throw error;
        } finally {
          span.end();
        }
      }),
    close: async () => {
      try {
        await sdk.shutdown();
      } catch (error) {
        log.warn('the last traces were not sent', { error });
      }
    },
  };
}

function spanOf(span: OtelSpan): Span {
  return {
    set: (attributes) => void span.setAttributes(attributes),
    fail: (message) => void span.setStatus({ code: SpanStatusCode.ERROR, message }),
  };
}
