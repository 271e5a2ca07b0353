/** Refusals in the form that every Kubernetes client reads: a Status. An error of any other form becomes "unknown" in the events of
 *  an HPA. */
import { VigieError } from '@vigie/core/errors';

/** Why, for people and for `kubectl`: one entry for each thing that is missing. */
export interface StatusCause {
  /** A word in camel case. */
  readonly reason: string;
  readonly message: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'Timeout';

const HTTP_STATUS: Readonly<Record<StatusReason, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
};

/** Of a list with 10,000 pods nobody reads each: the rest is one line. */
const MAX_CAUSES = 20;

/** `code` is METRICS_API_REFUSED. */
export class ApiRefusal extends VigieError {
  readonly httpStatus: number;
  readonly reason: StatusReason;
  readonly details: StatusDetails | undefined;

  constructor(reason: StatusReason, message: string, details?: StatusDetails, options?: ErrorOptions) {
    super('METRICS_API_REFUSED', message, options);
    this.httpStatus = HTTP_STATUS[reason];
    this.reason = reason;
    this.details = details;
  }

  /** The body of the answer. */
  get body(): object {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.httpStatus,
    };
  }
}

/** The first of many causes, and how many more there are. */
export function boundedCauses(causes: readonly StatusCause[]): readonly StatusCause[] {
  if (causes.length <= MAX_CAUSES) return causes;
  const more = causes.length - MAX_CAUSES;
  return [...causes.slice(0, MAX_CAUSES), { reason: 'AndMore', message: `and ${more} more` }];
}

/** @param resource as in the path, `pods` or `deployments.apps`
 *  @param name '*' for all of a selector
 *  @param selector '' for none */
export function metricNotFound(
  metric: string,
  { resource, name, selector }: { readonly resource: string; readonly name: string; readonly selector: string },
  causes: readonly StatusCause[],
): ApiRefusal {
  const whom = `${resource}${name === '*' || name === '' ? '' : ` ${name}`}`;
  const which = selector === '' ? '' : ` with selector ${selector}`;
  return new ApiRefusal('NotFound', `the server could not find the metric ${metric} for ${whom}${which}`, {
    name: metric,
    kind: resource,
    ...(causes.length === 0 ? {} : { causes: boundedCauses(causes) }),
  });
}

/** As the API server says it of an object that is not there. */
export function objectNotFound(
  resource: string,
  group: string,
  name: string,
  causes: readonly StatusCause[],
): ApiRefusal {
  const message = `${resource}.${group} "${name}" not found`;
  return new ApiRefusal('NotFound', message, {
    name,
    group,
    kind: resource,
    ...(causes.length === 0 ? {} : { causes: boundedCauses(causes) }),
  });
}
