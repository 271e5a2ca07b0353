/** What the API answers in place of what was asked for. Source: Alertmanager, api/v2/api.go; go-openapi, errors/schema.go. */

import { VigieError } from '@vigie/core/errors';
import { quoteGo } from '@vigie/core/go-quote';

/** The body: a text in JSON, as the API's own refusals are; nothing; or `{"code", "message"}`, as what checks requests against the
 *  description of the API answers. */
export type RefusalBody = 'text' | 'none' | { readonly code: number };

export class Refusal extends VigieError {
  readonly status: number;
  readonly body: RefusalBody;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    body: RefusalBody = 'text',
    headers: Readonly<Record<string, string>> = {},
  ) {
    super('ALERTS_API_REFUSED', message);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Of go-openapi, for status 422. */
const INVALID_TYPE = 601;
const REQUIRED = 602;
const TOO_FEW_ITEMS = 612;
const UNPROCESSABLE = 422;

export function badRequest(message: string): Refusal {
  return new Refusal(400, message);
}

/** @param where `body`, `path`, `query` */
export function invalidType(name: string, where: string, type: string, value: string): Refusal {
  const message = `${name} in ${where} must be of type ${type}: ${quoteGo(value)}`;
  return new Refusal(UNPROCESSABLE, message, { code: INVALID_TYPE });
}

export function missing(name: string, where: string): Refusal {
  return new Refusal(UNPROCESSABLE, `${name} in ${where} is required`, { code: REQUIRED });
}

export function tooFewItems(name: string, least: number): Refusal {
  const message = `${name} in body should have at least ${least} items`;
  return new Refusal(UNPROCESSABLE, message, { code: TOO_FEW_ITEMS });
}

/** A body that is no JSON, or none of this form. */
export function unreadable(name: string, reason: string): Refusal {
  return new Refusal(400, `parsing ${name} body from "" failed, because ${reason}`, { code: 400 });
}

export function unsupportedType(contentType: string): Refusal {
  const message = `unsupported media type ${quoteGo(contentType)}, only [application/json] are allowed`;
  return new Refusal(415, message, { code: 415 });
}

export function noSuchPath(path: string): Refusal {
  return new Refusal(404, `path ${path} was not found`, { code: 404 });
}

export function noSuchMethod(method: string, allowed: readonly string[]): Refusal {
  const message = `method ${method} is not allowed, but [${allowed.join(',')}] are`;
  return new Refusal(405, message, { code: 405 }, { allow: allowed.join(',') });
}
