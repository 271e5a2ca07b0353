/** Alerts as the API answers them, text from the start. Source: Alertmanager, api/v2/models/gettable_alert.go, whose order of members this is. */
import { jsonLabels, jsonString } from '@vigie/promql/api/json-text';
import type { Alert } from '../dispatch/alert.ts';
import type { ApiTimes } from './api-time.ts';
import type { AlertStatus } from './api-world.ts';

/** @param receivers as receiversJson makes them
 *  Cost: some 2 µs. */
export function alertJson(alert: Alert, status: AlertStatus, receivers: string, times: ApiTimes): string {
  const { annotations, labels, startsAtMs, endsAtMs, updatedAtMs, fingerprint, generatorUrl } = alert;
  const link = generatorUrl === '' ? '' : `"generatorURL":${jsonString(generatorUrl)},`;
  return (
    `{"annotations":${jsonLabels(annotations)},"endsAt":"${times.format(endsAtMs)}","fingerprint":"${fingerprint}",` +
    `"receivers":${receivers},"startsAt":"${times.format(startsAtMs)}","status":${statusJson(status)},` +
    `"updatedAt":"${times.format(updatedAtMs)}",${link}"labels":${jsonLabels(labels)}}`
  );
}

export function receiversJson(names: readonly string[]): string {
  return `[${names.map((name) => `{"name":${jsonString(name)}}`).join()}]`;
}

function statusJson({ inhibitedBy, mutedBy, silencedBy, state }: AlertStatus): string {
  return `{"inhibitedBy":${textsJson(inhibitedBy)},"mutedBy":${textsJson(mutedBy)},"silencedBy":${textsJson(silencedBy)},"state":"${state}"}`;
}

function textsJson(texts: readonly string[]): string {
  return texts.length === 0 ? '[]' : `[${texts.map(jsonString).join()}]`;
}
