/** `format_query` and `parse_query`: a query as people read it, and as a tree. */
import { formatExpr } from '../syntax/print.ts';
import { exprToJson } from '../syntax/to-json.ts';
import { queryParameter } from './query-routes.ts';
import type { ApiHandler } from './request.ts';
import { answerPieces, dataPieces, NO_NOTES } from './result-pieces.ts';

export function formatRoute(experimental: boolean): ApiHandler {
  return async ({ parameters }) =>
    answerPieces(dataPieces(formatExpr(queryParameter(parameters, experimental).expr)), NO_NOTES);
}

export function parseRoute(experimental: boolean): ApiHandler {
  return async ({ parameters }) =>
    answerPieces(dataPieces(exprToJson(queryParameter(parameters, experimental).expr)), NO_NOTES);
}
