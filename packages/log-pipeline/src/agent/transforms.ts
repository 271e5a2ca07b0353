import { assertNever } from '@vigie/core/errors';
import { DOCUMENT_PATHS } from '../encode/document.ts';
import { Dedupe } from '../transforms/dedupe.ts';
import { Filter } from '../transforms/filter.ts';
import { ParseAuto } from '../transforms/parse-auto.ts';
import { ParseJson } from '../transforms/parse-json.ts';
import { ParseLogfmt } from '../transforms/parse-logfmt.ts';
import { ParseRegex } from '../transforms/parse-regex/parse-regex.ts';
import { Redact } from '../transforms/redact.ts';
import { Remap } from '../transforms/remap.ts';
import { Sample } from '../transforms/sample.ts';
import { Severity } from '../transforms/severity.ts';
import { Throttle } from '../transforms/throttle.ts';
import { Timestamp } from '../transforms/timestamp.ts';
import { Trace } from '../transforms/trace.ts';
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
