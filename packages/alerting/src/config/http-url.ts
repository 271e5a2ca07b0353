/** URLs that requests go to. Source: Alertmanager, config/common/url.go. */
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { quoteGo } from '@vigie/core/go-quote';

/** What is wrong with a URL of HTTP, in Alertmanager's words and without naming it, for it may be a secret; undefined where nothing is. */
export function urlProblem(text: string): string | undefined {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase() ?? '';
  if (!/^https?$/.test(scheme)) return `unsupported scheme ${quoteGo(scheme)} for URL`;
  const authority = /^[^:]*:\/\/([^/?#]*)/.exec(text)?.[1] ?? '';
  if (authority.slice(authority.lastIndexOf('@') + 1) === '') return 'missing host for URL';
  return URL.canParse(text) ? undefined : 'invalid URL';
}

/** What is wrong goes to the findings.
 *  @param text empty for none */
export function readUrl(text: string, path: ConfigPath, { findings }: ReadContext): string {
  const problem = text === '' ? undefined : urlProblem(text);
  if (problem !== undefined) findings.refuseHidden(path, 'a URL of http or https', problem);
  return text;
}
