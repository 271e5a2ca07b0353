/** What users and their dashboards send to the query engine. */
import { errorCode } from '@vigie/core/errors';
import { openMemoryStorage } from '../../packages/promql/src/script/memory.ts';
import { runScript } from '../../packages/promql/src/script/run-script.ts';
import { parseExpr } from '../../packages/promql/src/syntax/parse.ts';
import { printExpr } from '../../packages/promql/src/syntax/print.ts';
import { exprToJson } from '../../packages/promql/src/syntax/to-json.ts';
import type { Target } from './target.ts';

const texts = (...samples: readonly string[]): readonly Buffer[] => samples.map((sample) => Buffer.from(sample));

const QUERIES = texts(
  'sum by (namespace, "with space") (rate(container_cpu_usage_seconds_total{container!="",pod=~"api-.+"}[5m] offset 1m))',
  'histogram_quantile(0.99, sum without (instance) (rate(http_request_duration_seconds_bucket[5m:30s] @ end()))) > bool 1.5e-3',
  'a + on(x, y) group_left(z) b offset -5m ^ 2 or -c @ 1609746000.5 unless ignoring() {__name__=~"d|e", "é"="\\x41\\u00e9"}',
  'topk(3, x) # comment\n/ ignoring(a) fill(0) y </ 2.',
  'label_replace(up, "dst", "$1-${name}", `src`, \'(?P<name>.*)\\\'\') and absent(z[1h2m3s])',
  'max_over_time(m[2m*(10+step()) - min_of(range(), 0x1f)] smoothed) == Inf * -NaN',
);

const SCRIPTS = texts(
  'load 1m\n  a{b="c"} 1+2x5 _x2 stale {{schema:1 count:3 sum:2 buckets:[1 2] n_offset:-1}}+{{count:1}}x3\neval instant at 5m a\n  a{b="c"} 11\n',
  'load_with_nhcb 10s\n x_bucket{le="1"} 0+1x9\n x_bucket{le="+Inf"} 0+2x9\neval range from 0 to 1m step 30s rate(x[1m])\n  expect no_warn\n',
);

export const queryTargets: readonly Target[] = [
  {
    name: 'PromQL',
    samples: QUERIES,
    iterations: 2_000,
    parse: (input) => {
      const query = input.toString();
      try {
        const expr = parseExpr(query, { experimental: true });
        const printed = printExpr(expr);
        exprToJson(expr);
        const again = printExpr(parseExpr(printed, { experimental: true }));
        // A plus sign before a power may go with the number, or stand for itself.
        if (again.replaceAll('+', '') !== printed.replaceAll('+', '')) throw new Error(`${printed} became ${again}`);
      } catch (error) {
        if (errorCode(error) !== 'PROMQL_PARSE') throw error;
      }
    },
  },
  {
    name: 'promqltest scripts',
    samples: SCRIPTS,
    iterations: 800,
    parse: async (input) => {
      await runScript(input.toString(), openMemoryStorage, AbortSignal.timeout(20_000));
    },
  },
];
