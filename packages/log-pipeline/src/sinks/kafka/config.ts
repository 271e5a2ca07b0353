import { duration, filePath, integer, parsed, section, size, text } from '@vigie/core/config/fields';
import { type HostPort, parseHostPort } from '@vigie/core/host-port';
import * as v from 'valibot';
import { httpEntries } from '../http-client/settings.ts';
import { type NameTemplate, parseNameTemplate } from '../name-template.ts';
import { documentEntries, sinkEntries } from '../sink-section.ts';

/** Kafka's own rule for topics. */
const TOPIC_TEXT = /^[A-Za-z0-9._-]*$/;

const topicTemplate = v.pipe(
  text(),
  v.rawTransform(({ dataset, addIssue, NEVER }): NameTemplate => {
    const read = parseNameTemplate(dataset.value);
    if (read.status === 'invalid') {
      addIssue({ message: read.reason });
      return NEVER;
    }
    const { template } = read;
    if (template.dated) addIssue({ message: 'a topic without a date: retention is the topic’s own' });
    if (template.parts.every((part) => part.kind !== 'text' || TOPIC_TEXT.test(part.text))) return template;
    addIssue({ message: 'a topic of letters, digits, dots, _ and -' });
    return NEVER;
  }),
);

const saslSchema = v.pipe(
  section({
    mechanism: v.picklist(['plain', 'scram-sha-256', 'scram-sha-512']),
    user: text(),
    password: v.optional(text()),
    password_file: v.optional(filePath()),
  }),
  v.check(
    ({ password, password_file }) => (password === undefined) !== (password_file === undefined),
    'one of password and password_file',
  ),
);

const broker = parsed('HOST:PORT', (written): HostPort | undefined => {
  const address = parseHostPort(written);
  return address === undefined || address.host === '' ? undefined : address;
});

export const kafkaSchema = section({
  type: v.literal('kafka'),
  ...sinkEntries,
  ...documentEntries,
  /** To begin with; the cluster names the others. */
  brokers: v.pipe(v.array(broker), v.minLength(1, 'at least one HOST:PORT')),
  topic: topicTemplate,
  /** Topics that fields can make; further containers go to the topic with `other` in place of each field. */
  max_topics: v.optional(integer({ min: 1, max: 10_000 }), 100),
  compression: v.optional(v.picklist(['none', 'gzip']), 'none'),
  /** What one produce request may carry; at most the broker's message.max.bytes (1,048,588 by default). */
  max_request_bytes: v.optional(size({ min: 16 * 1024, max: 100 * 1024 * 1024 }), '1000000'),
  tls: v.optional(v.union([v.boolean(), v.unwrap(httpEntries.tls)]), false),
  sasl: v.optional(saslSchema),
  timeouts: v.optional(
    section({
      connect: v.optional(duration({ min: 1 }), '10s'),
      request: v.optional(duration({ min: 1 }), '30s'),
      /** How long a request is repeated with the sequence numbers by which brokers know a repeat: longer than a broker
       *  takes to come back. */
      delivery: v.optional(duration({ min: 1 }), '60s'),
    }),
    {},
  ),
});

export type KafkaSinkConfig = v.InferOutput<typeof kafkaSchema>;
