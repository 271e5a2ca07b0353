import type { ReadContext } from '@vigie/core/config/findings';
import type { HttpClientConfig } from '@vigie/core/config/http-client-config';
import { readHttpClient, type WrittenHttpClient } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import type { GlobalConfig } from '../global-section.ts';

/** Where the section of a receiver is read. */
export interface ReceiverContext extends ReadContext {
  readonly global: GlobalConfig;
}

/** @param written of the receiver; undefined for the one of `global` */
export function readReceiverHttp(
  written: WrittenHttpClient | null | undefined,
  path: ConfigPath,
  context: ReceiverContext,
): HttpClientConfig {
  return written == null ? context.global.http : readHttpClient(written, [...path, 'http_config'], context);
}
