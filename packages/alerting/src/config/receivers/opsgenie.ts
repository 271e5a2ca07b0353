/** `opsgenie_configs`. Source: Alertmanager, notify/opsgenie/config.go. */
import { section } from '@vigie/core/config/fields';
import { httpClientSection } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText, textMap, textOr } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { camelKeys } from '../camel-keys.ts';
import { readUrl } from '../http-url.ts';
import { readSecret } from '../secret.ts';
import { type ReceiverContext, readReceiverHttp } from './receiver-context.ts';

const responder = section({ id: optionalText, name: optionalText, username: optionalText, type: optionalText });

export const opsgenieSection = section({
  send_resolved: flag(true),
  http_config: v.nullish(httpClientSection),
  api_key: optionalText,
  api_key_file: optionalText,
  api_url: optionalText,
  message: textOr('{{ template "opsgenie.default.message" . }}'),
  description: textOr('{{ template "opsgenie.default.description" . }}'),
  source: textOr('{{ template "opsgenie.default.source" . }}'),
  details: textMap,
  entity: optionalText,
  responders: v.nullish(v.array(responder), []),
  actions: optionalText,
  tags: optionalText,
  note: optionalText,
  priority: optionalText,
  update_alerts: flag(false),
});

type WrittenOpsgenie = v.InferOutput<typeof opsgenieSection>;

export type OpsgenieConfig = Readonly<ReturnType<typeof readOpsgenie>>;

const RESPONDER_TYPES = /^(?:team|teams|user|escalation|schedule)$/i;

export function readOpsgenie(written: WrittenOpsgenie, path: ConfigPath, context: ReceiverContext) {
  const { findings, global } = context;
  const { send_resolved, http_config, api_key, api_key_file, api_url, ...texts } = written;
  const key = readSecret('api_key', api_key, api_key_file, path, context) ?? global.opsgenieKey;
  if (key === undefined) {
    const message = 'no global OpsGenie API Key set either inline or in a file';
    findings.refuse(path, 'api_key or api_key_file, here or as those of global', message);
  }
  const url = readUrl(api_url, [...path, 'api_url'], context) || global.opsgenieUrl;
  if (url === '') findings.refuse(path, 'api_url, here or as opsgenie_api_url of global', 'no global OpsGenie URL set');
  checkResponders(written, path, context);
  return {
    kind: 'opsgenie' as const,
    sendResolved: send_resolved,
    http: readReceiverHttp(http_config, path, context),
    key: key ?? { value: '' },
    url,
    ...camelKeys(texts),
  };
}

function checkResponders({ responders }: WrittenOpsgenie, path: ConfigPath, { findings }: ReceiverContext): void {
  for (const [index, { id, name, username, type }] of responders.entries()) {
    const at = [...path, 'responders', index];
    const shown = `opsGenieConfig responder {${id} ${name} ${username} ${type}}`;
    if (id === '' && name === '' && username === '') {
      const message = `${shown} has to have at least one of id, username or name specified`;
      findings.refuse(at, 'an id, a username or a name', message);
    }
    if (!type.includes('{{') && !RESPONDER_TYPES.test(type)) {
      const message = `${shown} type does not match valid options ^(team|teams|user|escalation|schedule)$`;
      findings.refuse([...at, 'type'], 'team, teams, user, escalation, schedule or a template', message);
    }
  }
}
