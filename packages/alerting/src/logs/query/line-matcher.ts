/** Which lines a condition means, of lines that are in no log store: as Elasticsearch and OpenSearch answer what it becomes there. */
import { assertNever } from '@vigie/core/errors';
import { compileRegex } from '@vigie/core/regex';
import { compareText } from '@vigie/promql/labels/label-set';
import type { LogLine } from '../log-source.ts';
import { compares } from './compares.ts';
import type { Comparison, Condition, FieldTest } from './condition.ts';
import { labelOf, MESSAGE } from './field-names.ts';

export type LineMatcher = (line: Pick<LogLine, 'message' | 'labels'>) => boolean;

type ValueTest = (value: string) => boolean;

/** Cost: that of its regular expressions; a call, O(condition × line). */
export function lineMatcher(condition: Condition): LineMatcher {
  switch (condition.kind) {
    case 'all': {
      const parts = condition.of.map((one) => lineMatcher(one));
      return (line) => parts.every((part) => part(line));
    }
    case 'any': {
      const parts = condition.of.map((one) => lineMatcher(one));
      return (line) => parts.some((part) => part(line));
    }
    case 'not': {
      const part = lineMatcher(condition.of);
      return (line) => !part(line);
    }
    case 'field': {
      const { name, test } = condition;
      if (name === MESSAGE) {
        const holds = valueTest(test, phraseTest);
        return ({ message }) => holds(message);
      }
      const label = labelOf(name);
      const holds = valueTest(test, textTest);
      return ({ labels }) => holds(labels.get(label));
    }
    default:
      return assertNever(condition);
  }
}

/** Of a value that is '' where a line lacks the field.
 *  @param partTest for `contains`: the index of a message has its words, that of another field the whole of it */
function valueTest(test: FieldTest, partTest: (text: string) => ValueTest): ValueTest {
  switch (test.kind) {
    case 'one_of': {
      const values = new Set(test.values);
      return (value) => values.has(value);
    }
    case 'contains': {
      const parts = test.texts.map(partTest);
      return (value) => parts.some((part) => part(value));
    }
    case 'matches': {
      const regex = compileRegex(test.regex);
      return (value) => regex.test(value);
    }
    case 'compares':
      return (value) => value !== '' && valueCompares(value, test.operator, test.bound);
    case 'exists':
      return (value) => value !== '';
    default:
      return assertNever(test);
  }
}

function textTest(text: string): ValueTest {
  return (value) => value.includes(text);
}

/** The words, one after the other, whatever stands between them. A phrase without any is nowhere. */
function phraseTest(text: string): ValueTest {
  const phrase = wordsOf(text);
  return (value) => {
    const words = wordsOf(value);
    return phrase.length > 0 && words.some((_, at) => phrase.every((word, index) => words[at + index] === word));
  };
}

/** By Unicode's rules (UAX 29), as Lucene's standard tokenizer has them: that of text, unless a mapping says otherwise. */
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'word' });

function wordsOf(text: string): readonly string[] {
  return Array.from(SEGMENTER.segment(text)).flatMap(({ segment, isWordLike }) =>
    isWordLike === true ? [segment.toLowerCase()] : [],
  );
}

/** Numbers as numbers, text as text; what is no number is not compared with one. */
function valueCompares(value: string, operator: Comparison, bound: string): boolean {
  const [left, right] = [Number(value), Number(bound)];
  if (Number.isNaN(right)) return compares(compareText(value, bound), operator, 0);
  return !Number.isNaN(left) && compares(left, operator, right);
}
