/** What a person reads of a notification: the texts of its integration, expanded. */
import { assertNever } from '@vigie/core/errors';
import type { IntegrationConfig } from '../config/receiver-section.ts';
import { renderPayload } from '../receivers/rendered-payload.ts';
import { goJson } from '../templates/go-json.ts';
import { dataJson } from '../templates/notification-data.ts';
import type { Rendering } from '../templates/notification-templates.ts';

/** Title first, a line for each text that is not empty. Of a web hook, the JSON that it gets.
 *  @throws {TemplateError} */
export function shownText(config: IntegrationConfig, rendering: Rendering): string {
  return textsOf(config, rendering)
    .filter((text) => text !== '')
    .join('\n');
}

function textsOf(config: IntegrationConfig, { text, html, data }: Rendering): readonly string[] {
  switch (config.kind) {
    case 'webhook':
      return [goJson(config.payload === undefined ? dataJson(data) : renderPayload(config.payload, text))];
    case 'email': {
      const { Subject: subject = '{{ template "email.default.subject" . }}' } = config.headers;
      return [text(subject), config.text === '' ? html(config.html) : text(config.text)];
    }
    case 'pagerduty':
      return [text(config.description)];
    case 'opsgenie':
      return [config.message, config.description, config.note].map(text);
    case 'slack':
      return [config.title, config.pretext, config.text, config.messageText].map(text);
    case 'pushover':
      return [text(config.title), (config.html ? html : text)(config.message), text(config.url)];
    case 'telegram':
      return [(config.parseMode === 'HTML' ? html : text)(config.message)];
    case 'discord':
      return [config.title, config.message, config.content].map(text);
    case 'msteams':
      return [config.title, config.summary, config.text].map(text);
    case 'msteamsv2':
      return [config.title, config.text].map(text);
    default:
      return assertNever(config);
  }
}
