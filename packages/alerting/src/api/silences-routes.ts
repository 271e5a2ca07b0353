/** Silences, over HTTP. Source: Alertmanager, api/v2/api.go; the preview is Vigie's own. */

import { errorCode } from '@vigie/core/errors';
import { jsonLabels, jsonString, jsonText } from '@vigie/promql/api/json-text';
import { decodeSilence } from '../silences/postable-silence.ts';
import { SilenceError, type SilenceState } from '../silences/silence.ts';
import { hasMatchers, silenceJson, sortSilences } from '../silences/silence-json.ts';
import { previewSilence } from '../silences/silence-preview.ts';
import { pendingAlerts } from './alert-filter.ts';
import type { ApiWorld } from './api-world.ts';
import { flagParameter, matchersParameter } from './parameters.ts';
import { badRequest, invalidType, Refusal } from './refusal.ts';

const STATES: readonly SilenceState[] = ['active', 'expired', 'pending'];
/** A person looks at a screen full; the number says how many there are. */
const SHOWN_ALERTS = 100;
const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** `GET /silences`
 *  @returns JSON
 *  @throws {Refusal} */
export function answerSilences(parameters: URLSearchParams, { silences, clock }: ApiWorld): string {
  const filter = matchersParameter(parameters, 'filter');
  const wanted = STATES.filter((state) => flagParameter(parameters, state));
  const nowMs = clock.nowMs();
  const found = silences.query({ states: wanted }).filter((silence) => hasMatchers(silence, filter));
  const texts = sortSilences(found, nowMs).map((silence) => shown(() => silenceJson(silence, nowMs)));
  return `[${texts.join()}]`;
}

/** `GET /silence/ID` */
export function answerSilence(id: string, { silences, clock }: ApiWorld): string {
  checkId(id);
  const [silence] = silences.query({ ids: [id] });
  if (silence === undefined) throw new Refusal(404, `silence ${id} not found`, 'none');
  return shown(() => silenceJson(silence, clock.nowMs()));
}

/** `POST /silences` */
export async function postSilence(body: Buffer, { silences, clock }: ApiWorld): Promise<string> {
  const { content, id } = decodeSilence(body, clock.nowMs());
  try {
    const silence = await silences.set(content, id);
    return jsonText({ silenceID: silence.id });
  } catch (error) {
    if (!(error instanceof SilenceError)) throw error;
    throw new Refusal(error.code === 'SILENCE_NOT_FOUND' ? 404 : 400, error.message);
  }
}

/** `DELETE /silence/ID`: ends it; one that has ended stays as it is. */
export async function deleteSilence(id: string, { silences }: ApiWorld): Promise<undefined> {
  checkId(id);
  try {
    await silences.expire(id);
    return undefined;
  } catch (error) {
    if (errorCode(error) !== 'SILENCE_NOT_FOUND') throw error;
    throw new Refusal(404, `silence ${id} not found`, 'none');
  }
}

/** `GET /silences/preview?filter=…`: which alerts a silence with these matchers would silence now. */
export function answerPreview(parameters: URLSearchParams, { alerts, clock }: ApiWorld): string {
  const matchers = matchersParameter(parameters, 'filter');
  if (matchers.length === 0) throw badRequest('filter: expected the matchers of a silence, one each');
  const preview = previewSilence(matchers, pendingAlerts(alerts(), clock.nowMs()));
  const examples = preview.silenced
    .slice(0, SHOWN_ALERTS)
    .map(({ fingerprint, labels }) => `{"fingerprint":"${fingerprint}","labels":${jsonLabels(labels)}}`);
  const warning = preview.warning === undefined ? '' : `"warning":${jsonString(preview.warning)},`;
  return `{"alerts":${preview.alerts},"silenced":${preview.silenced.length},${warning}"examples":[${examples.join()}]}`;
}

function checkId(id: string): void {
  if (!UUID.test(id)) throw invalidType('silenceID', 'path', 'uuid', id);
}

function shown(write: () => string): string {
  try {
    return write();
  } catch (error) {
    if (error instanceof SilenceError) throw new Refusal(500, error.message);
    throw error;
  }
}
