/** `GET /status` and `GET /receivers`. Source: Alertmanager, api/v2/api.go. */
import { jsonText } from '@vigie/promql/api/json-text';
import { compareBytes } from '../matchers/byte-order.ts';
import { matchesReceiver, RECEIVER_MATCHERS } from './alert-filter.ts';
import { formatApiTime } from './api-time.ts';
import type { ApiWorld } from './api-world.ts';
import { matchersParameter } from './parameters.ts';
import { redactedConfig } from './redacted-config.ts';

/** Whose API this is: amtool compares it with its own. */
const ALERTMANAGER_VERSION = '0.34.2';

/** @param version of Vigie
 *  @returns what answers */
export function statusAnswerer(world: ApiWorld, version: string): () => string {
  let shown = { text: '', original: '' };
  return () => {
    const { text } = world.config();
    if (text !== shown.text) shown = { text, original: redactedConfig(text) };
    const { name, peers, status } = world.cluster();
    return jsonText({
      cluster: {
        ...(name === '' ? {} : { name }),
        peers: peers
          .map((peer) => ({ address: peer.address, name: peer.name }))
          .sort((a, b) => compareBytes(a.name, b.name)),
        status,
      },
      config: { original: shown.original },
      uptime: formatApiTime(world.startedAtMs),
      versionInfo: {
        branch: '',
        buildDate: '',
        buildUser: '',
        goVersion: '',
        revision: `vigie ${version}`,
        version: ALERTMANAGER_VERSION,
      },
    });
  };
}

/** @throws {Refusal} */
export function answerReceivers(parameters: URLSearchParams, world: ApiWorld): string {
  const matchers = matchersParameter(parameters, 'receiver_matchers', RECEIVER_MATCHERS);
  const receivers = world.config().receivers.filter((receiver) => matchesReceiver(receiver, matchers));
  return jsonText(receivers.map(({ name, labels }) => ({ labels, name })));
}
