/** Label names in paths: what a path cannot hold comes escaped, `U__http_2e_status`. Source: Prometheus' common,
 *  model/metric.go, UnescapeName. */

const PREFIX = 'U__';
/** A doubled underscore, a code point in hexadecimal digits between two, or one that is neither. */
const ESCAPES = /__|_([0-9a-fA-F]{1,5})_|_/g;

/** @returns the name as it is where it is not escaped, or is so wrongly */
export function unescapeName(name: string): string {
  if (!name.startsWith(PREFIX)) return name;
  let isValid = true;
  const unescaped = name.slice(PREFIX.length).replace(ESCAPES, (sequence, digits: string | undefined) => {
    if (sequence === '__') return '_';
    const code = digits === undefined ? Number.NaN : Number.parseInt(digits, 16);
    if (Number.isNaN(code) || (code >= 0xd800 && code <= 0xdfff)) {
      isValid = false;
      return '';
    }
    return String.fromCodePoint(code);
  });
  return isValid ? unescaped : name;
}
