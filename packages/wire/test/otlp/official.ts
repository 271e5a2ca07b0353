/** The decoder that OpenTelemetry's own project generates from its .proto files. */
import generated from '@opentelemetry/otlp-transformer/build/src/generated/root.js';
import type protobuf from 'protobufjs';

/** A generated message: the static form of protobufjs. */
export interface OfficialMessage {
  encode(message: object): protobuf.Writer;
  decode(bytes: Uint8Array): object;
  fromObject(object: object): object;
  toObject(message: object, options: protobuf.IConversionOptions): object;
}

interface Services {
  readonly proto: {
    readonly collector: {
      readonly logs: {
        readonly v1: {
          readonly ExportLogsServiceRequest: OfficialMessage;
          readonly ExportLogsServiceResponse: OfficialMessage;
        };
      };
      readonly metrics: {
        readonly v1: {
          readonly ExportMetricsServiceRequest: OfficialMessage;
          readonly ExportMetricsServiceResponse: OfficialMessage;
        };
      };
    };
  };
}

// Its types say no more than that it is a root.
const { proto }: Services = Reflect.get(generated, 'opentelemetry');

export const { ExportLogsServiceRequest, ExportLogsServiceResponse } = proto.collector.logs.v1;
export const { ExportMetricsServiceRequest, ExportMetricsServiceResponse } = proto.collector.metrics.v1;
