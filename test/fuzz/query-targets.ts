/** What users and their dashboards send to the query engine. */
import { errorCode } from '@vigie/core/errors';
import {
  limitParameter,
  lookbackParameter,
  matcherSets,
  Parameters,
  timeRange,
} from '../../packages/promql/src/api/parameters.ts';
import { instantPieces } from '../../packages/promql/src/api/result-pieces.ts';
import { decodeAnswer } from '../../packages/promql/src/remote/decode-answer.ts';
import { decodeInstant } from '../../packages/promql/src/remote/decode-result.ts';
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

const FORMS = texts(
  'query=up&start=2015-06-03T13:21:58.555%2B01:00&end=1543578564.705&limit=10&lookback_delta=1m30s&match[]={a="b",c=~"d|e"}',
  'match[]=up&match%5B%5D=%7B%22host.name%22%3D%22x%22%7D&start=-292273086-05-16T16:47:06Z&lookback_delta=0x1p-2&limit=-1',
);

const ANSWERS = texts(
  '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.5,"NaN"]},{"metric":{},"histogram":[1,{"count":"3","sum":"4.5","buckets":[[1,"-2","-1","1"],[3,"-0.001","0.001","1"],[0,"1","2","1"]]}]}]},"warnings":["w"]}',
  '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1,"1"],[2,"+Inf"]],"histograms":[[3,{"count":"1","sum":"1","buckets":[[3,"-Inf","0.5","1"],[0,"1","+Inf","2"]]}]]}]},"infos":["i"]}',
  '{"status":"success","data":{"resultType":"scalar","result":[1435781451.781,"1e-07"]}}',
  '{"status":"error","errorType":"execution","error":"found duplicate series"}',
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
  {
    name: 'parameters of queries',
    samples: FORMS,
    iterations: 8_000,
    parse: (input) => {
      const parameters = new Parameters('/api/v1/series?start=1', input.toString());
      for (const read of [limitParameter, lookbackParameter, timeRange, matcherSets]) {
        try {
          read(parameters);
        } catch (error) {
          if (errorCode(error) !== 'PROMETHEUS_API') throw error;
        }
      }
    },
  },
  {
    name: 'answers of another Prometheus',
    samples: ANSWERS,
    iterations: 8_000,
    parse: (input) => {
      const url = new URL('http://prometheus.example');
      try {
        const result = decodeInstant(decodeAnswer(input.toString(), 200, url).data);
        const text = [...instantPieces(result, undefined)].join('');
        const again = decodeInstant(JSON.parse(text));
        if ([...instantPieces(again, undefined)].join('') !== text) throw new Error(`${text} is read otherwise`);
      } catch (error) {
        if (errorCode(error)?.startsWith('PROMQL_') !== true) throw error;
      }
    },
  },
];
