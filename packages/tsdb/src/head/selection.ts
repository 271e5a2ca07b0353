/** Which series fulfil matchers, from postings. As Prometheus: a matcher that the empty text fulfils takes series out (a
 *  series without the label fulfils it too), any other one says which are in. */
import type { Matcher } from '@vigie/promql/labels/matcher';
import type { MatchedSeries } from './matched-series.ts';
import { NO_SLOTS, type Postings } from './postings.ts';
import type { SeriesTable } from './series-table.ts';
import { intersect, SlotSet } from './slot-set.ts';
import type { Symbols } from './symbols.ts';
import { regexTest } from './value-test.ts';

export interface SeriesIndex {
  readonly symbols: Symbols;
  readonly postings: Postings;
  readonly table: SeriesTable;
  readonly matched: MatchedSeries;
}

/** @returns slots, ascending; the caller's to keep
 *  Cost: the lists of the labels named; for a regular expression one test for each value of its label, unless it has been asked for
 *  since series with the label came or went. */
export function selectSlots(index: SeriesIndex, matchers: readonly Matcher[]): Int32Array {
  let slots: Int32Array | undefined;
  const exclusions: Matcher[] = [];
  // Equalities first: what they leave, the others have less to do with.
  for (const matcher of [...matchers].sort((a, b) => rank(a) - rank(b))) {
    if (matcher.matches('')) {
      exclusions.push(matcher);
      continue;
    }
    const found = slotsWith(index, matcher, true);
    slots = slots === undefined ? found : intersect(slots, found);
    if (slots.length === 0) return NO_SLOTS;
  }
  slots = slots === undefined ? allSlots(index.table) : slots.slice();
  for (const matcher of exclusions) {
    if (slots.length === 0) break;
    const unwanted = slotsWith(index, matcher, false);
    if (unwanted.length === 0) continue;
    const set = new SlotSet(index.table.slots);
    set.add(unwanted);
    slots = set.filter(slots, false);
  }
  return slots;
}

function rank({ operator, value, alternatives }: Matcher): number {
  if (operator === '=' && value !== '') return 0;
  return alternatives === undefined ? 2 : 1;
}

export function allSlots(table: SeriesTable): Int32Array {
  const slots = new Int32Array(table.count);
  let length = 0;
  for (let slot = 0; slot < table.slots; slot++) if (table.isLive(slot)) slots[length++] = slot;
  return slots;
}

/** Series that have the label, with a value that fulfils the matcher or does not. May be a view of the postings. */
function slotsWith(
  { symbols, postings, table, matched }: SeriesIndex,
  matcher: Matcher,
  isWanted: boolean,
): Int32Array {
  const name = symbols.find(matcher.name);
  if (name === undefined) return NO_SLOTS;
  const { operator, value, alternatives } = matcher;
  const isNegative = operator === '!=' || operator === '!~';
  // Whether those are looked for whose value is, or matches, what is written.
  const isPositive = isNegative !== isWanted;
  const written = operator === '=' || operator === '!=' ? [value] : alternatives;
  const lists: Int32Array[] = [];
  const isTested = !isPositive || written === undefined;
  const key = `${name} ${operator} ${isWanted} ${value}`;
  const known = isTested ? matched.get(key, postings.version(name)) : undefined;
  if (known !== undefined) return known;
  if (isPositive && written !== undefined) {
    for (const text of new Set(written)) {
      const id = symbols.find(text);
      if (id !== undefined && postings.count(name, id) > 0) lists.push(postings.slots(name, id));
    }
  } else {
    const matches = written === undefined ? regexTest(matcher) : isAmong(written);
    for (const id of postings.values(name))
      if (matches(symbols.text(id)) === isPositive) lists.push(postings.slots(name, id));
  }
  const found = union(lists, table.slots);
  if (isTested) matched.put(key, postings.version(name), found);
  return found;
}

function isAmong(texts: readonly string[]): (text: string) => boolean {
  const set = new Set(texts);
  return (text) => set.has(text);
}

function union(lists: readonly Int32Array[], slots: number): Int32Array {
  if (lists.length <= 1) return lists[0] ?? NO_SLOTS;
  const set = new SlotSet(slots);
  for (const list of lists) set.add(list);
  return set.toArray();
}
