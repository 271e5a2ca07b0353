import { assertNever } from '@vigie/core/errors';
import { DOCUMENT_PATHS } from '@vigie/log-pipeline/encode/document';
import { Filter } from '@vigie/log-pipeline/transforms/filter';
import { ParseJson } from '@vigie/log-pipeline/transforms/parse-json';
import { Remap } from '@vigie/log-pipeline/transforms/remap';
import { Sample } from '@vigie/log-pipeline/transforms/sample';
import { Severity } from '@vigie/log-pipeline/transforms/severity';
import { Throttle } from '@vigie/log-pipeline/transforms/throttle';
import { Timestamp } from '@vigie/log-pipeline/transforms/timestamp';
import { Trace } from '@vigie/log-pipeline/transforms/trace';
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
    case 'remap':
      return new Remap(section);
    case 'sample':
      return new Sample(section);
    case 'throttle':
      return new Throttle(section);
    case 'timestamp':
      return new Timestamp(section);
    case 'trace':
      return new Trace(section);
    default:
      return assertNever(section);
  }
};
