/** Requests for data, handed to another server as they came: it reads their parameters, and what it says is the answer, its
 *  errors and warnings included. */
import type { Clock } from '@vigie/core/clock';
import type { ForwardedAnswer, RemotePrometheus, RemoteRequest } from '../remote/remote-prometheus.ts';
import { countQuery } from './count-query.ts';
import type { DataRoutes } from './data-routes.ts';
import type { QueryCounts, QueryKind, QueryOutcome } from './query-counts.ts';
import type { QuerySlots } from './query-slots.ts';
import type { ApiHandler, ApiRequest } from './request.ts';
import { LABEL_VALUES_SUFFIX } from './series-routes.ts';

export interface ForwardDeps {
  readonly remote: RemotePrometheus;
  readonly slots: QuerySlots;
  readonly counts: QueryCounts;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

export function forwardTo(deps: ForwardDeps): DataRoutes {
  const posted = (kind: QueryKind, path: string): ApiHandler =>
    forward(deps, kind, ({ parameters }) => ({ method: 'POST', path, form: parameters.toForm() }));
  return {
    instant: posted('instant', '/query'),
    // Nobody else has it.
    batch: undefined,
    range: posted('range', '/query_range'),
    exemplars: posted('exemplars', '/query_exemplars'),
    labelNames: posted('labels', '/labels'),
    series: posted('series', '/series'),
    // These are GET only.
    labelValues: forward(deps, 'labels', ({ parameters, rest }) => {
      const name = rest.slice(0, -LABEL_VALUES_SUFFIX.length);
      return { method: 'GET', path: `/label/${encodeURIComponent(name)}/values`, form: parameters.toForm() };
    }),
    metadata: forward(deps, 'metadata', ({ parameters }) => ({
      method: 'GET',
      path: '/metadata',
      form: parameters.toForm(),
    })),
  };
}

/** A query counts as ended when its answer begins, as here, where that is when it is evaluated. */
function forward(
  { remote, slots, counts, clock, timeoutMs }: ForwardDeps,
  kind: QueryKind,
  toRequest: (request: ApiRequest) => RemoteRequest,
): ApiHandler {
  return (request) =>
    countQuery(
      kind,
      { counts, clock },
      request.signal,
      () =>
        slots.run(timeoutMs, request.signal, (left) =>
          remote.forward(toRequest(request), request.acceptEncoding, left.timeoutMs, request.signal),
        ),
      outcomeOf,
    );
}

function outcomeOf({ status }: ForwardedAnswer): QueryOutcome {
  if (status < 400) return 'success';
  switch (status) {
    case 400:
      return 'bad_data';
    case 422:
      return 'execution';
    case 499:
      return 'canceled';
    case 503:
      return 'timeout';
    default:
      return 'internal';
  }
}
