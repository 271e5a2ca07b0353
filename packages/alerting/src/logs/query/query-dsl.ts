/** Queries of Elasticsearch and OpenSearch, from conditions. */
import type { Comparison, Condition, FieldTest } from './condition.ts';
import { documentField, MESSAGE } from './field-names.ts';
import type { LogQuery } from './log-query.ts';
import { unsupported } from './unsupported.ts';

/** As JSON. */
export type Dsl = Readonly<Record<string, unknown>>;

/** Fields whose values are compared whole: of text, an index has only words. */
export function wholeFields(query: LogQuery): readonly string[] {
  return query.kind === 'text' ? [] : [...new Set(fieldsOf(query.condition))];
}

function fieldsOf(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.flatMap(fieldsOf);
    case 'not':
      return fieldsOf(condition.of);
    case 'field': {
      const field = documentField(condition.name);
      return field === MESSAGE || condition.test.kind === 'exists' ? [] : [field];
    }
  }
}

/** @param keywordOf the field to ask where values are compared whole: itself, or its `.keyword`
 *  @throws {VigieError} LOG_QUERY_UNSUPPORTED */
export function queryDsl(query: LogQuery, keywordOf: (field: string) => string): Dsl {
  return query.kind === 'text' ? { query_string: { query: query.text } } : conditionDsl(query.condition, keywordOf);
}

function conditionDsl(condition: Condition, keywordOf: (field: string) => string): Dsl {
  switch (condition.kind) {
    case 'all':
      return { bool: { filter: condition.of.map((one) => conditionDsl(one, keywordOf)) } };
    case 'any':
      return { bool: { should: condition.of.map((one) => conditionDsl(one, keywordOf)), minimum_should_match: 1 } };
    case 'not':
      return { bool: { must_not: [conditionDsl(condition.of, keywordOf)] } };
    case 'field': {
      const field = documentField(condition.name);
      return field === MESSAGE ? messageDsl(condition.test) : testDsl(field, condition.test, keywordOf);
    }
  }
}

function messageDsl(test: FieldTest): Dsl {
  switch (test.kind) {
    case 'contains':
      return anyOf(test.texts.map((text) => ({ match_phrase: { [MESSAGE]: text } })));
    case 'exists':
      return { exists: { field: MESSAGE } };
    default:
      throw unsupported('message is asked with contains: an index has its words, not its text');
  }
}

const RANGE: Readonly<Record<Comparison, string>> = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte' };

function testDsl(field: string, test: FieldTest, keywordOf: (field: string) => string): Dsl {
  switch (test.kind) {
    case 'one_of':
      return { terms: { [keywordOf(field)]: test.values } };
    case 'contains':
      return anyOf(
        test.texts.map((text) => ({
          wildcard: { [keywordOf(field)]: { value: `*${text.replace(/[\\*?]/g, '\\$&')}*` } },
        })),
      );
    case 'matches':
      return { regexp: { [keywordOf(field)]: { value: luceneRegex(test.regex) } } };
    case 'compares':
      return { range: { [keywordOf(field)]: { [RANGE[test.operator]]: test.bound } } };
    case 'exists':
      return { exists: { field } };
  }
}

function anyOf(of: readonly Dsl[]): Dsl {
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { bool: { should: of, minimum_should_match: 1 } };
}

/** What both languages have, which mean a whole value in one and a part of it in the other. Source: Lucene 9, RegExp.
 *  @throws {VigieError} LOG_QUERY_UNSUPPORTED */
function luceneRegex(regex: string): string {
  const begins = regex.startsWith('^');
  const ends = /(?:^|[^\\])(?:\\\\)*\$$/.test(regex);
  const inner = regex.slice(begins ? 1 : 0, ends ? -1 : undefined);
  if (/\\[a-zA-Z0-9]|\(\?|[*+?}]\?/.test(inner))
    throw unsupported(`the regular expression ${regex} has what Lucene's do not have: \\d, (?…) or a lazy repetition`);
  if (/(?:^|[^\\[])[\^$]/.test(inner) || ((begins || ends) && inner.includes('|')))
    throw unsupported(`the regular expression ${regex} has ^ or $ elsewhere than at its ends`);
  const literal = inner.replace(
    /(\\.)|([#@&<>~"])/gs,
    (_, escaped?: string, special?: string) => escaped ?? `\\${special}`,
  );
  return `${begins ? '' : '.*'}(${literal})${ends ? '' : '.*'}`;
}
