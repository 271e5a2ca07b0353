/** The receivers of an AlertmanagerConfig, as alertmanager.yml would have them. Source: prometheus-operator, pkg/alertmanager/amcfg.go. */
import type { AssetLookup } from '@vigie/kube/custom-objects/assets';
import {
  type ClientContext,
  clientSchema,
  tlsSchema,
  writtenClient,
  writtenTls,
} from '@vigie/kube/custom-objects/client-fields';
import type { Fields } from '@vigie/kube/custom-objects/fields';
import * as v from 'valibot';
import { discordSection, msteamsSection, msteamsv2Section } from '../config/receivers/chat-webhooks.ts';
import { emailSection } from '../config/receivers/email.ts';
import { opsgenieSection } from '../config/receivers/opsgenie.ts';
import { pagerdutySection } from '../config/receivers/pagerduty.ts';
import { pushoverSection } from '../config/receivers/pushover.ts';
import { slackSection } from '../config/receivers/slack.ts';
import { telegramSection } from '../config/receivers/telegram.ts';
import { webhookSection } from '../config/receivers/webhook.ts';
import { snakeCase, snakeKeys } from './snake-keys.ts';

interface IntegrationForm {
  /** Of the configuration file; what it does not have is left out. */
  readonly section: { readonly entries: Readonly<Record<string, unknown>> };
  /** Fields that refer to the key of a Secret, and what its value is called in the file. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Lists of `{key, value}` that are mappings in the file. */
  readonly pairs?: readonly string[];
  readonly renamed?: Readonly<Record<string, string>>;
}

const FORMS: Readonly<Record<string, IntegrationForm>> = {
  webhookConfigs: { section: webhookSection, secrets: { urlSecret: 'url' } },
  emailConfigs: {
    section: emailSection,
    secrets: { authPassword: 'auth_password', authSecret: 'auth_secret' },
    pairs: ['headers'],
  },
  pagerdutyConfigs: {
    section: pagerdutySection,
    secrets: { routingKey: 'routing_key', serviceKey: 'service_key' },
    pairs: ['details'],
    renamed: { pagerDutyImageConfigs: 'images', pagerDutyLinkConfigs: 'links' },
  },
  opsgenieConfigs: { section: opsgenieSection, secrets: { apiKey: 'api_key' }, pairs: ['details'] },
  slackConfigs: { section: slackSection, secrets: { apiURL: 'api_url' } },
  pushoverConfigs: { section: pushoverSection, secrets: { userKey: 'user_key', token: 'token' } },
  telegramConfigs: { section: telegramSection, secrets: { botToken: 'bot_token' } },
  discordConfigs: { section: discordSection, secrets: { apiURL: 'webhook_url' } },
  msteamsConfigs: { section: msteamsSection, secrets: { webhookUrl: 'webhook_url' } },
  msteamsv2Configs: { section: msteamsv2Section, secrets: { webhookURL: 'webhook_url' } },
};
/** Kinds of receivers that the operator knows and Vigie does not send to. */
const UNSENT = /^(?:wechat|victorops|sns|webex|rocketchat|jira|mattermost|incidentio)Configs$/;

const receiverSchema = v.looseObject({ name: v.nullish(v.string(), '') });
const integrations = v.nullish(v.array(v.looseObject({})), []);
const secretKey = v.object({ name: v.nullish(v.string(), ''), key: v.nullish(v.string(), '') });
const keyValues = v.array(v.object({ key: v.string(), value: v.nullish(v.string(), '') }));

export interface ReceiverFieldsContext extends ClientContext {
  readonly problems: string[];
  readonly warnings: string[];
  /** The name in the file: `shop/web/NAME`. */
  readonly named: (name: string) => string;
}

/** @param path `spec.receivers[0]` */
export function writtenReceiver(receiver: unknown, path: string, context: ReceiverFieldsContext): Fields {
  const decoded = v.safeParse(receiverSchema, receiver);
  if (!decoded.success) {
    context.problems.push(`${path}: expected a receiver with a name`);
    return {};
  }
  const { name, ...fields } = decoded.output;
  if (name === '') context.problems.push(`${path}.name: expected the name of the receiver`);
  const written: Record<string, unknown> = { name: context.named(name) };
  for (const [key, value] of Object.entries(fields)) {
    const configs = v.safeParse(integrations, value);
    const at = `${path}.${key}`;
    if (configs.success && configs.output.length === 0) continue;
    const form = FORMS[key];
    if (!configs.success) context.problems.push(`${at}: expected a list`);
    else if (form !== undefined)
      written[snakeCase(key)] = configs.output.map((config, index) =>
        writtenIntegration(config, `${at}[${index}]`, form, context),
      );
    else if (UNSENT.test(key)) context.problems.push(`${at}: expected a receiver that Vigie sends to`);
    else context.warnings.push(`${at}: not supported, has no effect`);
  }
  return written;
}

function writtenIntegration(
  config: Fields,
  path: string,
  form: IntegrationForm,
  context: ReceiverFieldsContext,
): Fields {
  const { httpConfig, tlsConfig, payload, ...fields } = config;
  const written: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    const at = `${path}.${key}`;
    const secret = form.secrets[key];
    const isEmptyText = value === '' && key !== 'html' && key !== 'text';
    if (value === null || value === undefined || isEmptyText) continue;
    if (secret !== undefined && !(secret in written)) written[secret] = secretOf(value, at, context.assets);
    else {
      const name = form.renamed?.[key] ?? snakeCase(key);
      if (name.endsWith('_file')) refuseFile(at, context);
      if (!(name in form.section.entries)) context.warnings.push(`${at}: not supported, has no effect`);
      else written[name] = form.pairs?.includes(key) === true ? mappingOf(value, at, context) : snakeKeys(value);
    }
  }
  const links = written.links;
  // The text of a link is called as that of an image is.
  if (Array.isArray(links)) written.links = links.map(({ alt, ...link }) => ({ ...link, ...(alt && { text: alt }) }));
  if (payload !== undefined && payload !== null) written.payload = payload;
  if (httpConfig !== undefined && httpConfig !== null)
    written.http_config = writtenHttp(httpConfig, `${path}.httpConfig`, context);
  if (tlsConfig !== undefined && tlsConfig !== null) {
    const decoded = v.safeParse(tlsSchema, tlsConfig);
    if (decoded.success && decoded.output != null)
      written.tls_config = writtenTls(decoded.output, `${path}.tlsConfig`, context);
    else context.problems.push(`${path}.tlsConfig: expected keys of Secrets or ConfigMaps`);
  }
  return written;
}

function writtenHttp(httpConfig: unknown, path: string, context: ReceiverFieldsContext): Fields {
  const decoded = v.safeParse(clientSchema, httpConfig);
  if (!decoded.success) {
    context.problems.push(`${path}: expected an HTTP client that refers to keys of Secrets`);
    return {};
  }
  // The older name of the same key stands before the newer one.
  const { proxyURL, ...fields } = decoded.output;
  return writtenClient(
    typeof proxyURL === 'string' && proxyURL !== '' ? { ...fields, proxyUrl: proxyURL } : fields,
    path,
    context,
  );
}

/** URLs in Secrets end in a newline as a rule. */
function secretOf(value: unknown, path: string, assets: AssetLookup): string {
  const decoded = v.safeParse(secretKey, value);
  if (decoded.success) return assets.value({ source: 'Secret', ...decoded.output }, path).trim();
  assets.problems.push(`${path}: expected the name and key of a Secret`);
  return '';
}

function mappingOf(value: unknown, path: string, { problems }: ReceiverFieldsContext): Fields {
  const decoded = v.safeParse(keyValues, value);
  if (decoded.success) return Object.fromEntries(decoded.output.map((pair) => [pair.key, pair.value]));
  problems.push(`${path}: expected a list of key and value`);
  return {};
}

function refuseFile(path: string, { problems, fileAccess }: ReceiverFieldsContext): void {
  if (!fileAccess)
    problems.push(
      `${path}: files of this process may not be named: refer to a Secret, or set operator_objects.file_access: true`,
    );
}
