/** The webhook configuration, which tells API servers by its caBundle whom to trust. */
import type { Log } from '@vigie/core/log';
import {
  bundleTrusts,
  caBundle,
  getObject,
  type KubeObject,
  putObject,
  recordOf,
  type Step,
} from '@vigie/kube/certificates/object-steps';
import type { Trust } from '@vigie/kube/certificates/self-made';
import { type KubeClient, resourcePath } from '@vigie/kube/client';

const CONFIGURATIONS = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource: 'mutatingwebhookconfigurations',
};

export class ConfigurationTrust implements Trust {
  readonly #configuration: string;
  readonly #path: string;
  readonly #client: KubeClient;
  readonly #log: Log;

  /** @param configuration the name of the MutatingWebhookConfiguration */
  constructor(configuration: string, { client, log }: { readonly client: KubeClient; readonly log: Log }) {
    this.#configuration = configuration;
    this.#path = resourcePath(CONFIGURATIONS, undefined, configuration);
    this.#client = client;
    this.#log = log;
  }

  async ensure(authorities: readonly string[], signal: AbortSignal): Promise<Step<undefined>> {
    const found = await getObject(this.#client, this.#path, signal);
    if (found.status !== 'ok') return found;
    const changed = trusting(found.value, authorities);
    if (changed === undefined) return { status: 'ok', value: undefined };
    const written = await putObject(this.#client, this.#path, changed, signal);
    if (written.status === 'ok') {
      this.#log.info('the webhook configuration trusts the certificate', { configuration: this.#configuration });
    }
    return written;
  }
}

/** @returns the configuration with these authorities in every webhook; undefined where all of them trust them already */
function trusting(configuration: KubeObject, authorities: readonly string[]): KubeObject | undefined {
  const webhooks = Array.isArray(configuration.webhooks) ? configuration.webhooks.map(recordOf) : [];
  if (webhooks.every(({ clientConfig }) => bundleTrusts(recordOf(clientConfig).caBundle, authorities))) {
    return undefined;
  }
  return {
    ...configuration,
    webhooks: webhooks.map((webhook) => ({
      ...webhook,
      clientConfig: { ...recordOf(webhook.clientConfig), caBundle: caBundle(authorities) },
    })),
  };
}
