/** Names that hold fields and dates: `logs-{{ kubernetes.namespace }}-default`, `logs-%Y.%m.%d`. */
import { CONTAINER_FACT_PATHS, containerFact, isContainerFact } from '../encode/container-fact.ts';
import type { RecordFacts } from '../encode/document.ts';
import { labelNamed } from '../encode/labels.ts';

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'date'; readonly directive: DateDirective }
  | { readonly kind: 'field'; readonly field: string };

type DateDirective = 'Y' | 'm' | 'd';

export interface NameTemplate {
  readonly source: string;
  readonly parts: readonly Part[];
  readonly dated: boolean;
  readonly hasFields: boolean;
}

export type NameTemplateParsed =
  | { readonly status: 'ok'; readonly template: NameTemplate }
  | { readonly status: 'invalid'; readonly reason: string };

const TOKEN = /\{\{\s*([^{}]*?)\s*\}\}|%(.)|\{\{|%$/g;

/** Beside the facts of a container: only what is the same for all its records can name where they go. */
const LABEL = 'kubernetes.labels.';

/** Parses what a person wrote in the configuration. `%%` is a percent sign.
 *  @param more fields that this kind of name may hold besides */
export function parseNameTemplate(source: string, more: readonly string[] = []): NameTemplateParsed {
  const parts: Part[] = [];
  let end = 0;
  for (const token of source.matchAll(TOKEN)) {
    if (token.index > end) parts.push({ kind: 'text', text: source.slice(end, token.index) });
    end = token.index + token[0].length;
    const [whole, field, directive] = token;
    if (field !== undefined) {
      if (!isField(field) && !more.includes(field)) {
        return invalid(
          `one of ${[...more, ...CONTAINER_FACT_PATHS].join(', ')}, ${LABEL}NAME where {{ ${field} }} stands`,
        );
      }
      parts.push({ kind: 'field', field });
    } else if (directive === 'Y' || directive === 'm' || directive === 'd') {
      parts.push({ kind: 'date', directive });
    } else if (directive === '%') {
      parts.push({ kind: 'text', text: '%' });
    } else {
      return invalid(whole === '{{' ? 'a }} for every {{' : `%Y, %m, %d or %% where ${whole} stands`);
    }
  }
  if (end < source.length) parts.push({ kind: 'text', text: source.slice(end) });
  return {
    status: 'ok',
    template: {
      source,
      parts,
      dated: parts.some(({ kind }) => kind === 'date'),
      hasFields: parts.some(({ kind }) => kind === 'field'),
    },
  };
}

/** @param utcDay `2026-11-21`; needed where the template is dated
 *  @param fieldValue what stands for a field, given its name */
export function renderNameTemplate(
  template: NameTemplate,
  utcDay: string,
  fieldValue: (field: string) => string,
): string {
  return template.parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      return part.kind === 'date' ? datePart(utcDay, part.directive) : fieldValue(part.field);
    })
    .join('');
}

/** @returns undefined where the fact is not known */
export function factFor(field: string, facts: RecordFacts): string | undefined {
  return field.startsWith(LABEL) ? labelNamed(field.slice(LABEL.length), facts.labels) : containerFact(field, facts);
}

function datePart(utcDay: string, directive: DateDirective): string {
  const [year = '', month = '', day = ''] = utcDay.split('-');
  return { Y: year, m: month, d: day }[directive];
}

function isField(field: string): boolean {
  return isContainerFact(field) || (field.startsWith(LABEL) && field.length > LABEL.length);
}

function invalid(reason: string): NameTemplateParsed {
  return { status: 'invalid', reason };
}
