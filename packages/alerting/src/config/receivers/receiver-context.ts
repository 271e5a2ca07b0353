import type { HttpClientConfig } from '@vigie/core/config/http-client-config';
import type { ConfigPath } from '@vigie/core/config/problem';
import type { ReadContext } from '../findings.ts';
import type { GlobalConfig } from '../global-section.ts';
import { readHttpClient, type WrittenHttpClient } from '../http-client-section.ts';

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
