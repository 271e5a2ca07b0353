/** The sink's bodies: before each document stands a line that says where it goes. */
import { bug } from '@vigie/core/errors';
import * as v from 'valibot';

export interface KafkaMessage {
  readonly topic: string;
  readonly key: Buffer;
  readonly value: Buffer;
}

const NEWLINE = 0x0a;
const addressSchema = v.object({ topic: v.string(), key: v.string() });

export function addressLine(topic: string, key: string): string {
  return `${JSON.stringify({ topic, key })}\n`;
}

/** @param body address and document lines by turns
 *  @returns views of the body */
export function messagesOf(body: Buffer): KafkaMessage[] {
  const messages: KafkaMessage[] = [];
  let line: Buffer = Buffer.alloc(0);
  let topic = '';
  let key: Buffer = Buffer.alloc(0);
  for (let at = 0; at < body.length; ) {
    const addressEnd = body.indexOf(NEWLINE, at);
    const valueEnd = body.indexOf(NEWLINE, addressEnd + 1);
    if (addressEnd < 0 || valueEnd < 0) throw bug('a body for Kafka ends within a record');
    const address = body.subarray(at, addressEnd);
    // Records of a container come one after another.
    if (!address.equals(line)) {
      const decoded = v.parse(addressSchema, JSON.parse(address.toString()));
      line = address;
      topic = decoded.topic;
      key = Buffer.from(decoded.key);
    }
    messages.push({ topic, key, value: body.subarray(addressEnd + 1, valueEnd) });
    at = valueEnd + 1;
  }
  return messages;
}

/** Of a record batch beside key and value: lengths and deltas as varints. */
const RECORD_OVERHEAD_BYTES = 24;
/** Of a record batch in all. */
const BATCH_OVERHEAD_BYTES = 128;

/** Consecutive messages that one produce request has room for.
 *  @returns the index behind the last of them; `start` + 1 for one that is alone too large */
export function endOfRequest(messages: readonly KafkaMessage[], start: number, limitBytes: number): number {
  let bytes = BATCH_OVERHEAD_BYTES;
  for (let index = start; index < messages.length; index++) {
    bytes += messageBytes(messages[index]);
    if (bytes > limitBytes) return Math.max(index, start + 1);
  }
  return messages.length;
}

export function messageBytes(message: KafkaMessage | undefined): number {
  return message === undefined ? 0 : message.key.length + message.value.length + RECORD_OVERHEAD_BYTES;
}
