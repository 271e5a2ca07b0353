/** Kubernetes' label selectors as text: `app=web,tier in (gold, silver),!canary`.
 *  Source: apimachinery pkg/labels/selector.go (Parse). */

export type Labels = Readonly<Record<string, string>>;
export type LabelSelector = (labels: Labels) => boolean;

export type LabelSelectorParsed =
  | { readonly status: 'ok'; readonly selects: LabelSelector }
  | { readonly status: 'invalid'; readonly reason: string };

/** An empty text selects everything. Every requirement has to hold. A label that is not there satisfies `!=` and
 *  `notin`, as with kubectl. */
export function parseLabelSelector(source: string): LabelSelectorParsed {
  const requirements: LabelSelector[] = [];
  const rest = source.trim();
  if (rest === '') return { status: 'ok', selects: () => true };
  for (const written of splitRequirements(rest)) {
    const requirement = parseRequirement(written.trim());
    if (requirement === undefined) {
      return {
        status: 'invalid',
        reason: `KEY, !KEY, KEY=VALUE, KEY!=VALUE, KEY in (A, B) or KEY notin (A, B) where "${written.trim()}" stands`,
      };
    }
    requirements.push(requirement);
  }
  return { status: 'ok', selects: (labels) => requirements.every((holds) => holds(labels)) };
}

/** Commas inside parentheses stand between values. */
function splitRequirements(source: string): string[] {
  return source.split(/,(?![^(]*\))/);
}

const NAME = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const KEY = `(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}`;
const VALUE = `(?:${NAME})?`;
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);
const EQUALS = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const ONE_VALUE = new RegExp(`^${VALUE}$`);

function parseRequirement(written: string): LabelSelector | undefined {
  const exists = EXISTS.exec(written);
  if (exists !== null) {
    const [, not, key = ''] = exists;
    return (labels) => Object.hasOwn(labels, key) === (not === '');
  }
  const equals = EQUALS.exec(written);
  if (equals !== null) {
    const [, key = '', operator, value = ''] = equals;
    return operator === '!=' ? noneOf(key, [value]) : oneOf(key, [value]);
  }
  const set = SET.exec(written);
  if (set === null) return undefined;
  const [, key = '', operator, list = ''] = set;
  const values = list.split(',').map((value) => value.trim());
  if (!values.every((value) => ONE_VALUE.test(value))) return undefined;
  return operator === 'in' ? oneOf(key, values) : noneOf(key, values);
}

function oneOf(key: string, values: readonly string[]): LabelSelector {
  return (labels) => Object.hasOwn(labels, key) && values.includes(labels[key] ?? '');
}

function noneOf(key: string, values: readonly string[]): LabelSelector {
  const matches = oneOf(key, values);
  return (labels) => !matches(labels);
}
