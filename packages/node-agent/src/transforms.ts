import { assertNever } from '@vigie/core/errors';
import { DOCUMENT_PATHS } from '@vigie/log-pipeline/encode/document';
import { Filter } from '@vigie/log-pipeline/transforms/filter';
import { ParseJson } from '@vigie/log-pipeline/transforms/parse-json';
import { Severity } from '@vigie/log-pipeline/transforms/severity';
import type { CreateTransform } from './routes.ts';

export const createTransform: CreateTransform = (section) => {
  switch (section.type) {
    case 'filter':
      return new Filter(section);
    case 'parse_json':
      return new ParseJson({
        target: section.target,
        onError: section.on_error,
        keepMessage: section.keep_message,
        reservedNames: DOCUMENT_PATHS,
      });
    case 'severity':
      return new Severity(section);
    default:
      return assertNever(section);
  }
};
