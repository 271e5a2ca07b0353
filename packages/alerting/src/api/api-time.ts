/** Times of the API: ISO 8601 in the forms that go-openapi reads, and with milliseconds as it writes them.
 *  Source: go-openapi, strfmt/time.go. */

/** Year 1, Go's zero time: what is not given. */
export const NO_TIME_MS = -62_135_596_800_000;
const NO_TIME = '0001-01-01T00:00:00.000Z';

const MOST_TIMES = 1000;

/** As most clients write it; what a Date makes of it is right, if it is a date at all. */
const USUAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const OTHER = /^(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** Without a zone it is UTC; '' is 1970, as there.
 *  @returns Unix ms; undefined where it is none */
export function parseApiTime(text: string): number | undefined {
  if (text === '') return 0;
  return USUAL.test(text) ? dateMs(text) : parseOther(text);
}

function parseOther(text: string): number | undefined {
  const [whole, day, separator, minutes = '00:00', seconds, zone] = OTHER.exec(text) ?? [];
  if (whole === undefined) return undefined;
  if (separator === ' ' && (zone !== undefined || seconds === undefined)) return undefined;
  return dateMs(`${day}T${minutes}${seconds ?? ':00'}${zone?.replace(/(\d\d)(\d\d)$/, '$1:$2') ?? 'Z'}`);
}

/** Date takes the 31st of every month, and 24:00. */
function dateMs(text: string): number | undefined {
  const timeMs = Date.parse(text);
  if (Number.isNaN(timeMs) || text.startsWith('24', 11)) return undefined;
  const day = Number(text.slice(8, 10));
  if (day > 28) {
    const inMonth = new Date(Date.UTC(2000, 0)).setUTCFullYear(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0);
    if (day > new Date(inMonth).getUTCDate()) return undefined;
  }
  return timeMs;
}

/** @param timeMs undefined: none */
export function formatApiTime(timeMs: number | undefined): string {
  if (timeMs === undefined) return NO_TIME;
  return new Date(timeMs).toISOString();
}

/** Of many alerts: most came together with others, and have their times. */
export class ApiTimes {
  readonly #known = new Map<number, string>();

  format(timeMs: number | undefined): string {
    if (timeMs === undefined) return NO_TIME;
    const known = this.#known.get(timeMs);
    if (known !== undefined) return known;
    const text = formatApiTime(timeMs);
    if (this.#known.size >= MOST_TIMES) this.#known.clear();
    this.#known.set(timeMs, text);
    return text;
  }
}
