/** `format_query` and `parse_query`: a query as people read it, and as a tree. */
import type { Expr } from '../syntax/ast.ts';
import { parseExpr } from '../syntax/parse.ts';
import { formatExpr } from '../syntax/print.ts';
import { exprToJson } from '../syntax/to-json.ts';
import type { Parameters } from './parameters.ts';
import { queryParameter } from './query-routes.ts';
import type { ApiHandler } from './request.ts';
import { answerPieces, dataPieces, NO_NOTES } from './result-pieces.ts';

export function formatRoute(experimental: boolean): ApiHandler {
  return async ({ parameters }) => answerPieces(dataPieces(formatExpr(exprOf(parameters, experimental))), NO_NOTES);
}

export function parseRoute(experimental: boolean): ApiHandler {
  return async ({ parameters }) => answerPieces(dataPieces(exprToJson(exprOf(parameters, experimental))), NO_NOTES);
}

function exprOf(parameters: Parameters, experimental: boolean): Expr {
  return queryParameter(parameters, (text) => parseExpr(text, { experimental })).expr;
}
