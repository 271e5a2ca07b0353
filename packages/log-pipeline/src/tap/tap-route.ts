/** `GET /tap?component=NAME`: a sample of the records that pass a component, as lines of JSON, until the client has enough. */
import { HttpError, type HttpRequest } from '@vigie/core/http-server/exchange';
import type { Route } from '@vigie/core/http-server/routes';
import type { TappedRecord } from './tap.ts';

export interface TappedAgent {
  readonly components: readonly string[];
  tap(listener: (record: TappedRecord) => void, recordsPerSecond: number, component: string): () => void;
}

const MAX_RECORDS_PER_SECOND = 1000;
const DEFAULT_RECORDS_PER_SECOND = 100;
/** Lines that a slow client has not taken; what comes meanwhile is not shown to it. */
const MAX_WAITING_LINES = 1000;
/** Each costs what it decodes. */
const MAX_TAPS = 8;

export function tapRoute(agent: TappedAgent): Route {
  let open = 0;
  return {
    methods: ['GET'],
    path: '/tap',
    handler: ({ query, signal }) => {
      const component = query.get('component') ?? '';
      if (!agent.components.includes(component))
        throw new HttpError(400, `component: expected one of ${agent.components.join(', ')}, got "${component}"`);
      const limit = numberOf(query, 'limit', Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY;
      const rate = numberOf(query, 'rate', MAX_RECORDS_PER_SECOND) ?? DEFAULT_RECORDS_PER_SECOND;
      if (open >= MAX_TAPS) throw new HttpError(429, `${MAX_TAPS} taps are open, which is the most`);
      const body = (async function* () {
        open++;
        try {
          yield* tapLines(agent, component, { limit, rate }, signal);
        } finally {
          open--;
        }
      })();
      return { headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' }, body };
    },
  };
}

async function* tapLines(
  agent: TappedAgent,
  component: string,
  { limit, rate }: { readonly limit: number; readonly rate: number },
  signal: HttpRequest['signal'],
): AsyncGenerator<string> {
  let waiting: string[] = [];
  let wake = (): void => undefined;
  const end = agent.tap(
    (record) => {
      if (waiting.length < MAX_WAITING_LINES) waiting.push(lineOf(record));
      wake();
    },
    rate,
    component,
  );
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    for (let shown = 0; shown < limit && !signal.aborted; ) {
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const lines = waiting.slice(0, limit - shown);
      waiting = [];
      shown += lines.length;
      yield lines.join('');
    }
  } finally {
    end();
  }
}

/** The members of the record stand below `fields`. */
function lineOf({ members, ...record }: TappedRecord): string {
  const shown = JSON.stringify(record);
  if (members === undefined) return `${shown.slice(0, -1)},"fields_left_out":true}\n`;
  return members === '' ? `${shown}\n` : `${shown.slice(0, -1)},"fields":{${members}}}\n`;
}

function numberOf(query: URLSearchParams, name: string, max: number): number | undefined {
  const written = query.get(name);
  if (written === null) return undefined;
  const value = Number(written);
  if (/^\d+$/.test(written) && value >= 1 && value <= max) return value;
  throw new HttpError(400, `${name}: expected a whole number from 1 to ${max}, got "${written}"`);
}
