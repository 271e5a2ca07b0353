/** What clients post to Alertmanager's API. */
import { alertJson, receiversJson } from '../../packages/alerting/src/api/alert-json.ts';
import { ApiTimes } from '../../packages/alerting/src/api/api-time.ts';
import { decodeAlerts, MAX_ALERTS } from '../../packages/alerting/src/api/decode-alerts.ts';
import { Refusal } from '../../packages/alerting/src/api/refusal.ts';
import { lineOfDocument } from '../../packages/alerting/src/scenario/recorded/recorded-line.ts';
import { decodeSilence } from '../../packages/alerting/src/silences/postable-silence.ts';
import { silenceJson } from '../../packages/alerting/src/silences/silence-json.ts';
import type { Target } from './target.ts';

const NOW_MS = Date.UTC(2026, 10, 29, 10);

const ALERTS = [
  '[{"labels":{"alertname":"Down","severity":"page","e":""},"annotations":{"summary":"a \\u003cb\\u003e \\ud83d\\ude42"},"startsAt":"2026-11-29T09:00:00.123Z","endsAt":"2026-11-29T11:00:00+01:00","generatorURL":"http://p/graph?g0.expr=up"}]',
  '[{"labels":{"a":"b"}},{"labels":{"\\ud800":"\\udc00","c":"d"},"startsAt":"0001-01-01T00:00:00.000Z","endsAt":null},{"labels":{"x":"y"},"startsAt":"2026-11-29 10:00:00","endsAt":"2026-11-29"}]',
].map((text) => Buffer.from(text));

const SILENCES = [
  '{"id":"00000000-0000-4000-8000-000000000001","matchers":[{"name":"a","value":"b|c.*","isRegex":true,"isEqual":false},{"name":"d","value":"e","isRegex":false}],"startsAt":"2026-11-29T10:00:00Z","endsAt":"2027-11-29T10:00:00.000Z","createdBy":"me","comment":"x","annotations":{"t":"1"}}',
].map((text) => Buffer.from(text));

const RECORDED = [
  '{"@timestamp":"2026-11-21T03:10:00.123Z","message":"m","stream":"stdout","kubernetes":{"namespace":"shop","pod":{"name":"web-1"},"labels":{"app":"a"}},"log":{"offset":7,"flags":["partial"]},"http":{"status":500}}',
  '{"time":"2026-11-21T03:10:00+01:00","namespace":"shop","message":"m","members":"\\"log.level\\":\\"warn\\",\\"a\\":{\\"b\\":1e9}"}',
  '{"labels":{"namespace":"shop","9":"x"},"line":"m","timestamp":"2026-11-21T03:10:00.123456789Z"}',
  '{"_source":{"@timestamp":1763694600123,"body":"m","k8s.namespace.name":"shop"}}',
].map((text) => Buffer.from(text));

/** @returns undefined for what is refused */
function unlessRefused<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Refusal && error.status >= 400 && error.status < 500) return undefined;
    throw error;
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

export const alertTargets: readonly Target[] = [
  {
    name: 'posted alerts',
    samples: ALERTS,
    iterations: 20_000,
    parse(input) {
      const options = { nowMs: NOW_MS, resolveTimeoutMs: 300_000, maxAlerts: MAX_ALERTS };
      const decoded = unlessRefused(() => decodeAlerts(input, options));
      for (const alert of decoded?.alerts ?? []) {
        const { names, values } = alert.labels;
        check(/^[0-9a-f]{16}$/.test(alert.fingerprint), alert.fingerprint);
        check(names.length > 0 && names.every((name, at) => at === 0 || names[at - 1]! < name), names.join());
        check(
          [...names, ...values].every((text) => text !== '' && Buffer.from(text).toString() === text),
          'ill-formed',
        );
        check((alert.endsAtMs ?? Number.NaN) >= alert.startsAtMs, 'it ends before it starts');
        const status = { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [] } as const;
        const shown: unknown = JSON.parse(alertJson(alert, status, receiversJson(['a']), new ApiTimes()));
        check(JSON.stringify(shown).includes(JSON.stringify(alert.labels)), 'other labels are shown');
      }
    },
  },
  {
    name: 'posted silences',
    samples: SILENCES,
    iterations: 12_000,
    parse(input) {
      const decoded = unlessRefused(() => decodeSilence(input, NOW_MS));
      if (decoded === undefined) return;
      const { content, id = '' } = decoded;
      check(content.startsAtMs < content.endsAtMs && content.endsAtMs >= NOW_MS, 'it has no time');
      const shown: unknown = JSON.parse(silenceJson({ ...content, id, updatedAtMs: NOW_MS }, NOW_MS));
      check(JSON.stringify(shown).includes(JSON.stringify(content.comment)), 'another comment is shown');
    },
  },
  {
    name: 'recorded lines',
    samples: RECORDED,
    iterations: 100_000,
    parse(input) {
      let document: unknown;
      try {
        document = JSON.parse(input.toString());
      } catch {
        return;
      }
      const line = lineOfDocument(document, {});
      if (line === undefined) return;
      check(Number.isInteger(line.timeMs), 'it has no time');
      const { names, values } = line.labels;
      check(names.every((name, at) => at === 0 || names[at - 1]! < name) && !values.includes(''), names.join());
    },
  },
];
