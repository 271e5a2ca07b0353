import { assertNever } from '@vigie/core/errors';
import { DOCUMENT_PATHS } from '@vigie/log-pipeline/encode/document';
import { Dedupe } from '@vigie/log-pipeline/transforms/dedupe';
import { Filter } from '@vigie/log-pipeline/transforms/filter';
import { ParseAuto } from '@vigie/log-pipeline/transforms/parse-auto';
import { ParseJson } from '@vigie/log-pipeline/transforms/parse-json';
import { ParseLogfmt } from '@vigie/log-pipeline/transforms/parse-logfmt';
import { ParseRegex } from '@vigie/log-pipeline/transforms/parse-regex/parse-regex';
import { Redact } from '@vigie/log-pipeline/transforms/redact';
import { Remap } from '@vigie/log-pipeline/transforms/remap';
import { Sample } from '@vigie/log-pipeline/transforms/sample';
import { Severity } from '@vigie/log-pipeline/transforms/severity';
import { Throttle } from '@vigie/log-pipeline/transforms/throttle';
import { Timestamp } from '@vigie/log-pipeline/transforms/timestamp';
import { Trace } from '@vigie/log-pipeline/transforms/trace';
import type { CreateTransform } from './routes.ts';

export const createTransform: CreateTransform = (section) => {
  switch (section.type) {
    case 'dedupe':
      return new Dedupe(section);
    case 'filter':
      return new Filter(section);
    case 'parse_json':
      return new ParseJson({
        target: section.target,
        onError: section.on_error,
        keepMessage: section.keep_message,
        reservedNames: DOCUMENT_PATHS,
      });
    case 'parse_auto':
      return new ParseAuto(section);
    case 'parse_logfmt':
      return new ParseLogfmt(section);
    case 'parse_regex':
      return new ParseRegex(section);
    case 'redact':
      return new Redact(section);
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
