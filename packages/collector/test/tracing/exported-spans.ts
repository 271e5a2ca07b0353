/** Requests of OTLP with traces, by the decoder that OpenTelemetry's own project generates. */
import generated from '@opentelemetry/otlp-transformer/build/src/generated/root.js';

interface TraceMessage {
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): object;
}

interface Services {
  readonly proto: {
    readonly collector: { readonly trace: { readonly v1: { readonly ExportTraceServiceRequest: TraceMessage } } };
  };
}

// Its types say no more than that it is a root.
const { proto }: Services = Reflect.get(generated, 'opentelemetry');
const { ExportTraceServiceRequest } = proto.collector.trace.v1;

export interface ExportedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  /** '' for none. */
  readonly parentId: string;
  /** Numbers as texts. */
  readonly attributes: Readonly<Record<string, string>>;
}

export function decodeTraces(body: Buffer): readonly ExportedSpan[] {
  const options = { longs: String, enums: Number, bytes: Array, defaults: true } as const;
  const request = ExportTraceServiceRequest.toObject(ExportTraceServiceRequest.decode(body), options);
  return listOf(request, 'resourceSpans').flatMap((one) => {
    const service = attributesOf(Reflect.get(one, 'resource'))['service.name'] ?? '';
    return listOf(one, 'scopeSpans').flatMap((scope) =>
      listOf(scope, 'spans').map((span) => ({
        service,
        name: String(Reflect.get(span, 'name')),
        traceId: hexOf(Reflect.get(span, 'traceId')),
        parentId: hexOf(Reflect.get(span, 'parentSpanId')),
        attributes: attributesOf(span),
      })),
    );
  });
}

function listOf(holder: object, name: string): readonly object[] {
  const list: unknown = Reflect.get(holder, name);
  return Array.isArray(list) ? list : [];
}

function attributesOf(holder: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listOf(Object(holder), 'attributes').map((attribute) => {
      const value = Object(Reflect.get(attribute, 'value'));
      const [text] = ['stringValue', 'intValue', 'doubleValue', 'boolValue']
        .filter((kind) => Object.hasOwn(value, kind))
        .map((kind) => String(Reflect.get(value, kind)));
      return [String(Reflect.get(attribute, 'key')), text ?? ''];
    }),
  );
}

function hexOf(bytes: unknown): string {
  return Array.isArray(bytes) ? Buffer.from(bytes).toString('hex') : '';
}
