/** The decoder that OpenTelemetry's own project generates from its .proto files. */
import { createRequire } from 'node:module';
import type protobuf from 'protobufjs';

/** A generated message: the static form of protobufjs. */
export interface OfficialMessage {
  encode(message: object): protobuf.Writer;
  decode(bytes: Uint8Array): object;
  fromObject(object: object): object;
  toObject(message: object, options: protobuf.IConversionOptions): object;
}

const generated: {
  opentelemetry: {
    proto: {
      collector: {
        logs: { v1: { ExportLogsServiceRequest: OfficialMessage; ExportLogsServiceResponse: OfficialMessage } };
      };
    };
  };
} = createRequire(import.meta.url)('@opentelemetry/otlp-transformer/build/src/generated/root.js');

export const { ExportLogsServiceRequest, ExportLogsServiceResponse } = generated.opentelemetry.proto.collector.logs.v1;
