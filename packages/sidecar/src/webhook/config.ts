/** webhook.yaml */
import type { Environment } from '@vigie/core/config/environment';
import { duration, filePath, integer, section, text } from '@vigie/core/config/fields';
import { hostPort, listen } from '@vigie/core/config/listen';
import { loadConfig } from '@vigie/core/config/load';
import { VigieError } from '@vigie/core/errors';
import { parseHostPort } from '@vigie/core/host-port';
import { LOG_LEVELS } from '@vigie/core/log-levels';
import * as v from 'valibot';
import { ANNOTATION_KEYS, LINE_PREFIXES } from '../inject/annotations.ts';
import { quantity, resourcesSection } from '../inject/resources.ts';
import { DEFAULT_RESOURCES, DEFAULT_SHIP_RESOURCES, type InjectionSettings } from '../inject/settings.ts';

const DAY_MS = 86_400_000;

const tlsSection = section({
  cert_file: filePath(),
  key_file: filePath(),
  /** Who has to have signed the API server's own certificate; unset, it need not show one. */
  client_ca_file: v.optional(filePath()),
});

const selfSignedSection = section({
  secret: v.optional(text(), 'vigie-sidecar-webhook-tls'),
  service: v.optional(text(), 'vigie-sidecar-webhook'),
  /** Of the secret and the service; where the webhook runs unless given. */
  namespace: v.optional(text()),
  webhook_configuration: v.optional(text(), 'vigie-sidecar-webhook'),
  /** Of a certificate; two thirds of it on, the next one is made. */
  validity: v.optional(duration({ min: 60_000, max: 3650 * DAY_MS }), '90d'),
});

const admissionSection = v.pipe(
  section({
    listen: v.optional(hostPort(), ':8443'),
    tls: v.optional(tlsSection),
    self_signed: v.optional(selfSignedSection),
    /** Reviews in progress at a time; more are answered 503, and what happens to their pods is the failurePolicy's. */
    max_concurrent: v.optional(integer({ min: 1, max: 10_000 }), 100),
  }),
  v.check(({ tls, self_signed }) => (tls === undefined) !== (self_signed === undefined), 'either tls or self_signed'),
);

const injectionSection = section({
  /** The image of this version unless given. */
  image: v.optional(text()),
  image_pull_policy: v.optional(v.picklist(['Always', 'IfNotPresent', 'Never']), 'IfNotPresent'),
  resources: v.optional(resourcesSection(), DEFAULT_RESOURCES),
  ship_resources: v.optional(resourcesSection(), DEFAULT_SHIP_RESOURCES),
  prefix: v.optional(v.picklist(LINE_PREFIXES), 'name'),
  /** Of the volumes that are added for logs. */
  volume_size: v.optional(quantity()),
  allowed_annotations: v.optional(v.array(v.picklist(ANNOTATION_KEYS)), [...ANNOTATION_KEYS]),
});

export const webhookSchema = section({
  /** Health and metrics. */
  listen: v.optional(listen(), '127.0.0.1:9881'),
  log_level: v.optional(v.picklist(LOG_LEVELS), 'info'),
  /** How long SIGTERM waits for reviews in progress. */
  shutdown_grace: v.optional(duration({ max: 600_000 }), '10s'),
  /** For self_signed, where the webhook does not run in a pod. */
  kubeconfig: v.optional(filePath()),
  admission: admissionSection,
  injection: v.optional(injectionSection, {}),
});

export type WebhookConfig = v.InferOutput<typeof webhookSchema>;
export type SelfSignedConfig = v.InferOutput<typeof selfSignedSection>;

/** @param listenAt HOST:PORT of the command line, in place of `listen`
 *  @throws {ConfigError} with every problem; {VigieError} CONFIG_UNREADABLE */
export async function loadWebhookConfig(
  file: string,
  environment: Environment,
  listenAt: string | undefined,
): Promise<WebhookConfig> {
  const { value } = await loadConfig(file, webhookSchema, environment);
  if (listenAt === undefined) return value;
  const address = parseHostPort(listenAt);
  if (address === undefined) throw new VigieError('CONFIG_INVALID', `--listen: expected HOST:PORT, got ${listenAt}`);
  return { ...value, listen: { ...value.listen, address } };
}

/** @param version of this program, whose image is the default */
export function injectionSettings({ injection }: WebhookConfig, version: string): InjectionSettings {
  return {
    image: injection.image ?? `vigie/vigie:${version}`,
    imagePullPolicy: injection.image_pull_policy,
    resources: injection.resources,
    shipResources: injection.ship_resources,
    prefix: injection.prefix,
    volumeSize: injection.volume_size,
    allowedAnnotations: new Set(injection.allowed_annotations),
  };
}
