/** What a configuration says of a proxy that cannot all hold. Source: Prometheus, common/config/http_config.go, ProxyConfig.Validate. */
import type { ProxyConfig } from './http-client-config.ts';

/** @returns each with the key where it stands, and what is expected there */
export function proxyProblems({
  url,
  noProxy,
  fromEnvironment,
}: ProxyConfig): readonly (readonly ['proxy_url' | 'no_proxy', string])[] {
  const problems: (readonly ['proxy_url' | 'no_proxy', string])[] = [];
  if (fromEnvironment && url !== undefined) problems.push(['proxy_url', 'no proxy_url beside proxy_from_environment']);
  if (fromEnvironment && noProxy !== '') problems.push(['no_proxy', 'no no_proxy beside proxy_from_environment']);
  if (!fromEnvironment && noProxy !== '' && url === undefined) problems.push(['no_proxy', 'proxy_url beside no_proxy']);
  return problems;
}
