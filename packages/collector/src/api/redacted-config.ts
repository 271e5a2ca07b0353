/** The text of a configuration for those who may see it, but not its secrets: as Prometheus shows its own, with `<secret>` in their
 *  place. */
import { isMap, isScalar, type Node, parseDocument, stringify, visit } from 'yaml';

const SECRET_KEYS = new Set([
  'password',
  'bearer_token',
  'credentials',
  'client_secret',
  'key',
  'secret_key',
  'token',
  'access_key',
]);
/** Below it, all that is no file. */
const SECRET_LISTS = new Set(['secrets', 'proxy_connect_header']);
const SHOWN = '<secret>';
const USER_IN_URL = /^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*:[^/@\s]*@/i;

/** @param section the key of the part that is shown, without comments; undefined: everything
 *  @returns the text with its comments; '' where it is no YAML */
export function redactedConfig(text: string, section?: string): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) return '';
  visit(document, {
    Pair(_key, pair) {
      if (!isScalar(pair.key)) return undefined;
      const name = String(pair.key.value);
      if (SECRET_KEYS.has(name) && isScalar(pair.value)) pair.value.value = SHOWN;
      else if (SECRET_LISTS.has(name)) hideAll(pair.value);
      return undefined;
    },
    Scalar(_key, scalar) {
      if (typeof scalar.value === 'string') scalar.value = scalar.value.replace(USER_IN_URL, `$1${SHOWN}@`);
    },
  });
  if (section === undefined) return document.toString();
  // As values, which no longer refer to anchors of other parts.
  const whole: unknown = document.toJS();
  return stringify(typeof whole === 'object' && whole !== null ? Reflect.get(whole, section) : undefined) ?? '';
}

function hideAll(value: unknown): void {
  if (!isNode(value)) return;
  visit(value, {
    Scalar(key, scalar) {
      if (key !== 'key') scalar.value = SHOWN;
    },
  });
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || (typeof value === 'object' && value !== null && 'items' in value);
}
