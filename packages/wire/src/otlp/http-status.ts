/** What OTLP/HTTP answers a request with that it refuses: a google.rpc.Status, in the format of the request.
 *  Source: OTLP specification 1.9, "Failures". */
import { ProtoWriter } from '../protobuf/writer.ts';

export const OTLP_PROTOBUF = 'application/x-protobuf';
export const OTLP_JSON = 'application/json';

export interface OtlpBody {
  readonly contentType: string;
  readonly body: string | Buffer;
}

export function otlpStatus(httpStatus: number, message: string, asJson: boolean): OtlpBody {
  const code = grpcCode(httpStatus);
  if (asJson) return { contentType: OTLP_JSON, body: JSON.stringify({ code, message }) };
  const writer = new ProtoWriter();
  writer.uint(1, code);
  writer.string(2, message);
  return { contentType: OTLP_PROTOBUF, body: writer.finish() };
}

/** The format of a request; without a word, it is Protocol Buffers. @returns undefined for another one */
export function otlpFormat(contentType: string | undefined): 'json' | 'protobuf' | undefined {
  const type = (contentType ?? OTLP_PROTOBUF).split(';', 1)[0]?.trim().toLowerCase();
  if (type === OTLP_JSON) return 'json';
  return type === OTLP_PROTOBUF ? 'protobuf' : undefined;
}

/** UNAVAILABLE, RESOURCE_EXHAUSTED, INTERNAL, else INVALID_ARGUMENT. */
function grpcCode(httpStatus: number): number {
  if (httpStatus === 503) return 14;
  if (httpStatus === 500) return 13;
  return httpStatus === 429 || httpStatus === 413 ? 8 : 3;
}
