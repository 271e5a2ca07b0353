/** alertmanager.yml for those who may see it, but not its secrets: with Alertmanager's `<secret>` in their place, which amtool takes for a
 *  value of any of them. */
import { isMap, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml';

const SECRET_KEYS = new Set([
  'api_key',
  'api_secret',
  'app_token',
  'auth_password',
  'auth_secret',
  'bearer_token',
  'bot_token',
  'client_certificate_key',
  'client_secret',
  'credentials',
  'key',
  'mattermost_webhook_url',
  'opsgenie_api_key',
  'password',
  'rocketchat_token',
  'rocketchat_token_id',
  'routing_key',
  'service_key',
  'slack_api_url',
  'slack_app_token',
  'smtp_auth_password',
  'smtp_auth_secret',
  'telegram_bot_token',
  'token',
  'token_id',
  'user_key',
  'victorops_api_key',
  'webhook_url',
  'wechat_api_secret',
]);
/** Of these receivers, keys that are no secrets elsewhere. */
const SECRET_URLS: Readonly<Record<string, string>> = { webhook_configs: 'url', slack_configs: 'api_url' };
/** All below is secret. */
const SECRET_PARTS = new Set(['secrets', 'proxy_connect_header']);
const SHOWN = '<secret>';
/** What Go's url.Redacted has for a password. */
const PASSWORD_IN_URL = /([a-z][a-z0-9+.-]*:\/\/[^/@\s:]*:)[^/@\s]*@/i;
const URL_REDACTED = '$1xxxxx@';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** @returns the text as it is written, but for its secrets; '' where it is no YAML */
export function redactedConfig(text: string): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) return '';
  const edits = new Map<number, Edit>();
  /** What is empty says that there is no secret. */
  const hide = (value: unknown): void => {
    if (isScalar(value) && value.value !== null && value.value !== '') edit(value.range, () => SHOWN);
  };
  const edit = (range: readonly number[] | null | undefined, change: (written: string) => string): void => {
    const [start, end] = range ?? [];
    if (start === undefined || end === undefined || edits.has(start)) return;
    const written = text.slice(start, end);
    // A block ends with its line feed.
    edits.set(start, { start, end, text: change(written) + (written.endsWith('\n') ? '\n' : '') });
  };
  visit(document, {
    Pair(_key, { key, value }) {
      const name = isScalar(key) ? String(key.value) : '';
      if (SECRET_KEYS.has(name)) hide(value);
      else if (SECRET_PARTS.has(name) && isNode(value))
        visit(value, { Scalar: (at, scalar) => (at === 'key' ? undefined : hide(scalar)) });
      const secretUrl = SECRET_URLS[name];
      if (secretUrl === undefined || !isSeq(value)) return;
      for (const item of value.items) if (isMap(item)) hide(item.get(secretUrl, true));
    },
    Scalar(_key, { value, range }) {
      if (typeof value !== 'string' || !PASSWORD_IN_URL.test(value)) return;
      // With escapes, the password may not be found in what is written.
      edit(range, (written) =>
        PASSWORD_IN_URL.test(written) ? written.replace(PASSWORD_IN_URL, URL_REDACTED) : SHOWN,
      );
    },
  });
  let redacted = '';
  let at = 0;
  for (const { start, end, text: shown } of [...edits.values()].sort((a, b) => a.start - b.start)) {
    redacted += text.slice(at, start) + shown;
    at = end;
  }
  return redacted + text.slice(at);
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value);
}
