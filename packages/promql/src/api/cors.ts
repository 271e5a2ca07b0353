/** Which web pages of other origins may read answers. Source: Prometheus, util/httputil/cors.go. */
import { compileRegex } from '@vigie/core/regex';

type Headers = Readonly<Record<string, string>>;

/** @param allowed RE2, of the whole origin; undefined: none
 *  @returns what an answer says to a page of that origin
 *  @throws {RegexError} */
export function corsHeaders(allowed: string | undefined): (origin: string | undefined) => Headers {
  if (allowed === undefined) return () => ({});
  const regex = compileRegex(`^(?:${allowed})$`);
  return (origin) => {
    if (origin === undefined || origin === '') return { vary: 'Origin' };
    const isAllowed = allowed === '.*' || regex.test(origin);
    return {
      vary: 'Origin',
      'access-control-allow-headers': 'Accept, Authorization, Content-Type, Origin',
      'access-control-allow-methods': 'GET, POST, OPTIONS',
      'access-control-expose-headers': 'Date',
      ...(isAllowed ? { 'access-control-allow-origin': allowed === '.*' ? '*' : origin } : {}),
    };
  };
}
