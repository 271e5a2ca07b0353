/** Label selectors as they stand in a query: `app=web,tier in (front, edge),!canary`. Source: apimachinery, pkg/labels/selector.go. */

export type Requirement =
  | { readonly key: string; readonly operator: '=' | '!='; readonly values: readonly [string] }
  /** Values are sorted. */
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'exists' | '!exists'; readonly values: readonly [] }
  | { readonly key: string; readonly operator: '>' | '<'; readonly values: readonly [string] };

/** All must hold; sorted by key. */
export interface LabelSelector {
  readonly text: string;
  readonly requirements: readonly Requirement[];
}

export const EVERYTHING: LabelSelector = { text: '', requirements: [] };

const KEY = '[A-Za-z0-9](?:[\\w./-]*[A-Za-z0-9])?';
const VALUE = '[^,()=!<>\\s]*';
const TERM = new RegExp(
  [
    `^\\s*(?:(!)\\s*(${KEY})`,
    `(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)`,
    `(${KEY})\\s*(==|=|!=|>|<)\\s*(${VALUE})`,
    `(${KEY}))\\s*(?:,|$)`,
  ].join('|'),
);

/** @param text of metrics' labels too, whose values may be regular expressions: only what ends a value is refused in one
 *  @returns undefined for what is no selector */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  const requirements: Requirement[] = [];
  let rest = text;
  while (rest.trim() !== '') {
    const match = TERM.exec(rest);
    if (match === null) return undefined;
    const requirement = requirementOf(match);
    if (requirement === undefined) return undefined;
    requirements.push(requirement);
    const isLast = match[0].length === rest.length;
    if (isLast && match[0].endsWith(',')) return undefined;
    rest = rest.slice(match[0].length);
  }
  requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return requirements.length === 0 ? EVERYTHING : { text: text.trim(), requirements };
}

function requirementOf(match: RegExpExecArray): Requirement | undefined {
  const [, not, absent, setKey, setOperator, set = '', key, operator, value = '', present] = match;
  if (not !== undefined && absent !== undefined) return { key: absent, operator: '!exists', values: [] };
  if (setKey !== undefined) {
    const values = [...new Set(set.split(',').map((item) => item.trim()))].sort();
    return { key: setKey, operator: setOperator === 'in' ? 'in' : 'notin', values };
  }
  if (present !== undefined) return { key: present, operator: 'exists', values: [] };
  if (key === undefined) return undefined;
  switch (operator) {
    case '=':
    case '==':
      return { key, operator: '=', values: [value] };
    case '!=':
      return { key, operator: '!=', values: [value] };
    case '>':
    case '<':
      return /^-?\d+$/.test(value) ? { key, operator, values: [value] } : undefined;
    default:
      return undefined;
  }
}

/** @param labels of an object; a label that is not there is undefined */
export function matchesSelector({ requirements }: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return requirements.every((requirement) => matches(requirement, labels[requirement.key]));
}

function matches({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case '=':
      return value === values[0];
    case '!=':
      return value !== values[0];
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!exists':
      return value === undefined;
    case '>':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) > Number(values[0]);
    case '<':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) < Number(values[0]);
  }
}
