/** Queries of the whole stable language, made from its grammar, over the metrics of random-series.ts. */
import type { Random } from '@vigie/core/random';
import { pick } from './pick.ts';
import { METRICS, type Metric, type MetricKind } from './random-series.ts';

/** `exact` queries may use what jumps (comparisons, rounding, ranking), and nothing whose last bit depends on a library of
 *  mathematics; `smooth` ones the reverse. So a difference of one bit in a logarithm never becomes a difference of answers. */
export type QueryStyle = 'exact' | 'smooth';

const EXACT_FUNCTIONS = ['abs', 'ceil', 'floor', 'sgn', 'round', 'sqrt'];
const SMOOTH_FUNCTIONS = [
  ...['abs', 'sqrt', 'exp', 'ln', 'log2', 'log10', 'deg', 'rad'],
  ...['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'],
  ...['histogram_stddev', 'histogram_stdvar'],
];
const HISTOGRAM_FUNCTIONS = ['histogram_count', 'histogram_sum', 'histogram_avg'];
const CALENDAR = ['day_of_month', 'day_of_week', 'day_of_year', 'days_in_month', 'hour', 'minute', 'month', 'year'];
const RANGE_FUNCTIONS = [
  ...['avg_over_time', 'count_over_time', 'last_over_time', 'max_over_time', 'min_over_time', 'present_over_time'],
  ...['sum_over_time', 'stddev_over_time', 'stdvar_over_time', 'delta', 'deriv', 'absent_over_time'],
];
/** Of counters: they look for resets. */
const COUNTER_FUNCTIONS = ['rate', 'increase', 'irate', 'idelta', 'resets'];
const AGGREGATIONS = ['sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar'];
const ARITHMETIC = ['+', '-', '*', '/'];
const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='];
const SETS = ['and', 'or', 'unless'];
const DURATIONS = ['1m', '90s', '5m', '7m30s', '15m', '1h', '15s', '1s500ms', '300'];
const DURATION_EXPRESSIONS = [
  ...['(1m + 30s)', '5m * 2', '10m / 4', '(2 ^ 3 * 10s)', 'step() + 1m', 'max_of(step(), 2m)', '61.0015 * 2'],
  // Of which some are none when the query is asked.
  ...[
    'step()',
    'range() / 4',
    '5m - step() * 5',
    'min_of(5m, range())',
    '-(step() - 1m)',
    '5m / step()',
    '7m % range()',
  ],
];
const OFFSETS = ['1m', '5m', '-2m', '15s', '-(30s + 1m)', '(1m * 2)', 'step()', '-(1m / step())'];
const STEPS = ['', '', '1m', '30s', '17s', '2m'];
const NAMES = [
  ...['"latency_.*"', '"http.*|up"', '"(up|odd|temperature)"', '"rpc_.+"'],
  ...[
    '"mixed|rpc_bytes"',
    '"sparse|rpc_bytes"',
    '"sparse|jobs_done"',
    '"temperature|custom_seconds"',
    '"mixed|sparse"',
  ],
];
const SHORT = 0.25;

/** An instant vector, or a scalar, a range vector or a string, which a range query refuses. */
export function randomQuery(random: Random): string {
  const style: QueryStyle = random() < 0.5 ? 'exact' : 'smooth';
  const generator = new QueryGenerator(random, style);
  const kind = random();
  if (kind < 0.9) return generator.vector(pick(random, [1, 2, 2, 3]));
  if (kind < 0.96) return generator.scalar(2);
  return kind < 0.99 ? generator.matrix(1) : generator.text();
}

class QueryGenerator {
  readonly #random: Random;
  readonly #isExact: boolean;

  constructor(random: Random, style: QueryStyle) {
    this.#random = random;
    this.#isExact = style === 'exact';
  }

  /** @param depth of functions and operators around a selector */
  vector(depth: number): string {
    if (depth <= 0) return this.#instantSelector();
    const inner = depth - 1;
    switch (Math.floor(this.#random() * 14)) {
      case 0:
      case 1:
        return this.#call(inner);
      case 2:
      case 3:
      case 4:
        return this.#rangeCall(inner);
      case 5:
      case 6:
      case 7:
        return this.#aggregation(inner);
      case 8:
      case 9:
        return this.#binary(inner);
      case 10:
        return this.#withScalar(inner);
      case 11:
        return this.#histogramCall(inner);
      case 12:
        return this.#pick([`-${this.vector(0)}`, `(${this.vector(inner)})`, `+(${this.vector(inner)})`]);
      default:
        return this.#relabel(inner);
    }
  }

  scalar(depth: number): string {
    if (depth <= 0 || this.#random() < 0.6) {
      return this.#pick(['1', '0.5', '2', '-3', '0', '1e3', '0x1F', 'NaN', 'Inf', '-Inf', '1m', 'time()', 'pi()']);
    }
    const inner = depth - 1;
    switch (Math.floor(this.#random() * 4)) {
      case 0:
        return `scalar(${this.vector(inner)})`;
      case 1:
        return `-(${this.scalar(inner)})`;
      case 2:
        return `(${this.scalar(inner)} ${this.#pick(COMPARISONS)} bool ${this.scalar(inner)})`;
      default:
        return `${this.scalar(0)} ${this.#pick([...ARITHMETIC, '%'])} ${this.scalar(inner)}`;
    }
  }

  matrix(depth: number, kind?: MetricKind): string {
    if (depth <= 0 || this.#random() < 0.75) {
      return `${this.#selector(kind)}[${this.#duration()}]${this.#modifiers()}`;
    }
    return this.#subquery(this.vector(depth - 1));
  }

  #subquery(of: string): string {
    const step = this.#chance(0.05) ? this.#pick(DURATION_EXPRESSIONS) : this.#pick(STEPS);
    return `(${of})[${this.#duration()}:${step}]${this.#modifiers()}`;
  }

  text(): string {
    return this.#pick(['"a"', "'b\\n'", '`c`', '"\\u00fc"']);
  }

  #pick<T>(from: readonly T[]): T {
    return pick(this.#random, from);
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #metric(kind: MetricKind | undefined): Metric {
    const fitting = METRICS.filter((metric) => metric.kind === kind);
    return this.#pick(kind === undefined || this.#chance(0.1) ? METRICS : fitting);
  }

  #selector(kind?: MetricKind): string {
    if (this.#chance(0.04)) {
      return `{__name__=~${this.#pick(NAMES)}}`;
    }
    return this.#selectorOf(this.#metric(kind));
  }

  #selectorOf(metric: Metric): string {
    const matchers = Object.entries(metric.labels).flatMap(([name, values]) =>
      this.#chance(0.3) ? [this.#matcher(name, values)] : [],
    );
    if (this.#chance(0.04)) {
      matchers.push(this.#pick(['missing=""', 'missing="x"', 'missing!="x"', 'job=~".+"', 'job="api"', 'job!="none"']));
    }
    if (!/^\w+$/.test(metric.name)) return `{${[JSON.stringify(metric.name), ...matchers].join(', ')}}`;
    return matchers.length === 0 ? metric.name : `${metric.name}{${matchers.join(', ')}}`;
  }

  #matcher(name: string, values: readonly string[]): string {
    const quoted = /^\w+$/.test(name) ? name : JSON.stringify(name);
    const value = this.#pick([...values, ...values, 'none']).replaceAll('+', '\\\\+');
    const plain = value.replaceAll('\\\\', '');
    switch (Math.floor(this.#random() * 5)) {
      case 0:
        return `${quoted}!="${plain}"`;
      case 1:
        return `${quoted}=~"${value}|${this.#pick(values).replaceAll('+', '\\\\+')}"`;
      case 2:
        return `${quoted}!~"${value.slice(0, 1).replaceAll('\\', '0')}.*"`;
      default:
        return `${quoted}="${plain}"`;
    }
  }

  #instantSelector(kind?: MetricKind): string {
    return `${this.#selector(kind)}${this.#modifiers()}`;
  }

  #modifiers(): string {
    const offset = this.#chance(0.15) ? ` offset ${this.#pick(OFFSETS)}` : '';
    const at = this.#chance(0.1)
      ? ` @ ${this.#pick(['start()', 'end()', '1767227400', '1767226500.5', '1767225000'])}`
      : '';
    return this.#chance(0.5) ? offset + at : at + offset;
  }

  #duration(): string {
    return this.#pick(this.#chance(0.1) ? DURATION_EXPRESSIONS : DURATIONS);
  }

  #call(depth: number): string {
    if (this.#chance(0.15)) return `${this.#pick(CALENDAR)}(${this.#chance(0.3) ? '' : this.vector(depth)})`;
    if (this.#chance(0.1)) return `timestamp(${this.#chance(0.5) ? this.#instantSelector() : this.vector(depth)})`;
    if (this.#chance(0.1)) return `absent(${this.#chance(0.5) ? this.vector(depth) : `${this.#nothing()}`})`;
    if (this.#chance(0.1)) return `vector(${this.scalar(depth)})`;
    if (this.#chance(0.15)) {
      const bounds = [this.scalar(1), this.scalar(0)];
      return this.#pick([
        `clamp(${this.vector(depth)}, ${bounds[0]}, ${bounds[1]})`,
        `clamp_min(${this.vector(depth)}, ${bounds[0]})`,
        `clamp_max(${this.vector(depth)}, ${bounds[0]})`,
      ]);
    }
    if (this.#isExact && this.#chance(0.15)) return `${this.#pick(['sort', 'sort_desc'])}(${this.vector(depth)})`;
    if (this.#isExact && this.#chance(0.1)) return `round(${this.vector(depth)}, ${this.#pick(['5', '0.1', '0'])})`;
    return `${this.#pick(this.#isExact ? EXACT_FUNCTIONS : SMOOTH_FUNCTIONS)}(${this.vector(depth)})`;
  }

  /** Of which nothing is there: its labels are what there is to see of it. */
  #nothing(): string {
    const matchers = ['a="b"', 'c=~"d"', 'a="e"', 'a!="b"', 'job="api"', '"the code"="2xx"'];
    return `nothing{${matchers.filter(() => this.#chance(0.4)).join(', ')}}${this.#modifiers()}`;
  }

  #rangeCall(depth: number): string {
    if (this.#chance(0.03)) return `absent_over_time(${this.#nothing().replace('}', `}[${this.#duration()}]`)})`;
    if (this.#chance(0.05)) {
      const inner = this.#chance(0.5) ? this.vector(1) : `sum_over_time(${this.#subquery(this.vector(0))})`;
      return `${this.#pick(['sum_over_time', 'last_over_time', 'max_over_time'])}(${this.#subquery(inner)})`;
    }
    const kind = this.#pick<MetricKind | undefined>([undefined, 'counter', 'bucket', 'native', 'native', 'gauge']);
    if (this.#chance(0.05)) {
      // Whether a histogram has changed depends on how its storage lays out empty buckets.
      const floats = METRICS.filter((metric) => metric.kind !== 'native');
      return `changes(${this.#selectorOf(this.#pick(floats))}[${this.#duration()}]${this.#modifiers()})`;
    }
    if (this.#chance(0.4)) {
      // Over a subquery a last bit more or less would be a reset.
      const isPlain = !this.#isExact || this.#chance(0.8);
      const range = isPlain ? this.matrix(0, this.#pick(['counter', 'bucket', 'native', undefined])) : this.matrix(1);
      return `${this.#pick(COUNTER_FUNCTIONS)}(${range})`;
    }
    if (this.#chance(0.1)) return `predict_linear(${this.matrix(depth, kind)}, ${this.scalar(1)})`;
    if (this.#chance(0.1)) {
      const quantile = this.#pick(['0.5', '0.9', '0', '1', '-1', '2', 'NaN', this.scalar(0)]);
      return `quantile_over_time(${quantile}, ${this.matrix(depth, kind)})`;
    }
    return `${this.#pick(RANGE_FUNCTIONS)}(${this.matrix(depth, kind)})`;
  }

  #aggregation(depth: number): string {
    const grouping = this.#grouping();
    const [before, after] = this.#chance(0.5) ? [grouping, ''] : ['', grouping];
    const of = (operator: string, args: string): string => `${operator}${before} (${args})${after}`;
    if (this.#chance(0.1)) {
      const quantile = this.#pick(['0.5', '0.95', '1', '-0.1', '1.5', 'NaN', this.#param()]);
      return of('quantile', `${quantile}, ${this.vector(depth)}`);
    }
    if (this.#isExact && this.#chance(0.15)) {
      const k = this.#pick(['1', '2', '3', '0', '-1', '1.9', this.scalar(0), this.#param()]);
      const operator = this.#pick(['topk', 'bottomk']);
      const inner = this.vector(depth);
      // What count_values finds comes in an order of chance, and of equal ones the first are taken.
      return inner.includes('count_values') ? of('max', inner) : of(operator, `${k}, ${inner}`);
    }
    // As a label, a value has all its digits.
    if (this.#isExact && this.#chance(0.1)) {
      return of('count_values', `${this.#pick(['"value"', '"job"', '"a b"'])}, ${this.#instantSelector()}`);
    }
    const operator = this.#pick(AGGREGATIONS);
    const inner = this.vector(depth);
    // Times are large beside how far they lie apart: their spread depends on the order in which Prometheus goes through them.
    const isSpreadOfTimes = operator.startsWith('std') && inner.includes('timestamp(');
    return of(isSpreadOfTimes ? 'avg' : operator, inner);
  }

  /** Of an aggregation, small enough to count by. */
  #param(): string {
    return `scalar(count(${this.#pick([this.#instantSelector(), `rate(${this.matrix(0, 'counter')})`])})) / 4`;
  }

  #grouping(): string {
    if (this.#chance(SHORT)) return '';
    return ` ${this.#pick(['by', 'without'])} (${this.#labels()})`;
  }

  #labels(): string {
    const names = ['job', 'instance', 'code', 'le', 'version', '"the code"', 'missing', '__name__'];
    return names.filter(() => this.#chance(SHORT)).join(', ');
  }

  #operator(): string {
    const choices = [...ARITHMETIC, ...ARITHMETIC];
    if (this.#isExact) choices.push('%', ...COMPARISONS);
    else choices.push('^', 'atan2');
    return this.#pick(choices);
  }

  #withScalar(depth: number): string {
    const operator = this.#operator();
    const bool = COMPARISONS.includes(operator) && this.#chance(0.4) ? ' bool' : '';
    const [vector, scalar] = [`(${this.vector(depth)})`, this.scalar(1)];
    return this.#chance(0.6) ? `${vector} ${operator}${bool} (${scalar})` : `(${scalar}) ${operator}${bool} ${vector}`;
  }

  #binary(depth: number): string {
    const left = this.vector(depth);
    const right = this.#chance(0.3) ? left : this.vector(depth);
    if (this.#chance(0.3)) {
      const matching = this.#pick(['', '', ` on (${this.#labels()})`, ` ignoring (${this.#labels()})`]);
      return `(${left}) ${this.#pick(SETS)}${matching} (${right})`;
    }
    if (this.#chance(0.2)) return this.#manyToOne();
    if (this.#chance(0.15)) return this.#betweenHistograms();
    const operator = this.#operator();
    const bool = COMPARISONS.includes(operator) && this.#chance(0.4) ? ' bool' : '';
    const matching = this.#chance(0.5) ? '' : ` ${this.#pick(['on', 'ignoring'])} (${this.#labels()})`;
    const group = matching !== '' && this.#chance(0.2) ? ` ${this.#pick(['group_left()', 'group_right()'])}` : '';
    return `(${left}) ${operator}${bool}${matching}${group} (${right})`;
  }

  /** What dashboards do with a metric that has labels to add. */
  #manyToOne(): string {
    const many = this.#pick(['http_requests_total', 'latency_seconds_bucket', 'rate(http_requests_total[5m])']);
    const one = this.#pick(['build_info', 'temperature', 'up', 'rpc_seconds']);
    const include = this.#pick(['()', '(version)', '(version, missing)']);
    const operator = this.#pick(['*', '+', '/']);
    return this.#chance(0.6)
      ? `${many} ${operator} on (job, instance) group_left${include} ${one}`
      : `${one} ${operator} on (job, instance) group_right${include} ${many}`;
  }

  #betweenHistograms(): string {
    const stored = (): string => this.#instantSelector('native');
    const computed = (): string =>
      this.#pick([`rate(${this.matrix(0, 'native')})`, `sum without (instance) (${stored()})`]);
    const matching = this.#pick([
      '',
      ' on (job, instance)',
      ' on (job) group_left()',
      ' ignoring (instance) group_right()',
    ]);
    const operator = this.#pick(['+', '-', '+', '-', '==', '!=', '/']);
    const any = (): string => (this.#chance(1 / 3) ? stored() : computed());
    if (!COMPARISONS.includes(operator)) return `${any()} ${operator}${matching} ${any()}`;
    // Whether one as it is stored equals another depends on how its storage lays out empty buckets.
    if (this.#chance(0.3)) {
      const same = any();
      return `${same} ${operator}${matching} ${same}`;
    }
    return `${computed()} ${operator}${matching} ${computed()}`;
  }

  #histogramCall(depth: number): string {
    const native = (): string =>
      this.#pick([
        this.#instantSelector('native'),
        `rate(${this.matrix(0, 'native')})`,
        `sum by (job) (rate(${this.matrix(0, 'native')}))`,
        `increase(${this.matrix(0, 'native')})`,
      ]);
    if (this.#isExact)
      return `${this.#pick(HISTOGRAM_FUNCTIONS)}(${this.#chance(0.7) ? native() : this.vector(depth)})`;
    const buckets = this.#pick([
      this.#instantSelector('bucket'),
      `rate(${this.matrix(0, 'bucket')})`,
      `sum by (le, job) (rate(${this.matrix(0, 'bucket')}))`,
      native(),
      native(),
    ]);
    if (this.#chance(0.25)) {
      const [lower, upper] = [this.#pick(['0', '0.2', '-1', '-Inf', 'NaN']), this.#pick(['1', '0.7', 'Inf', '3', '0'])];
      return `histogram_fraction(${lower}, ${upper}, ${buckets})`;
    }
    const quantile = this.#pick(['0.5', '0.9', '0.99', '0', '1', '-1', '1.1', 'NaN', this.scalar(0)]);
    return `histogram_quantile(${quantile}, ${buckets})`;
  }

  #relabel(depth: number): string {
    if (this.#chance(0.15)) {
      // Series of several metrics become one, floats and histograms among them.
      const several = `{__name__=~${this.#pick(NAMES)}}${this.#modifiers()}`;
      return this.#pick([`label_replace(${several}, "__name__", "one", "", "")`, `-${several}`]);
    }
    const source = this.#pick(['job', 'instance', 'le', '__name__', 'missing']);
    const target = this.#pick(['job', 'zone', 'a b', '__name__', 'instance']);
    if (this.#chance(0.4)) {
      return `label_join(${this.vector(depth)}, "${target}", "-", "${source}", "job")`;
    }
    const pattern = this.#pick(['(.*)', '(.).*', '(?P<x>\\\\w+):(\\\\d+)', 'a.*', '']);
    const replacement = this.#pick(['$1', '${1}z', '$x', 'fixed', '', '$2-$1', '$$1']);
    return `label_replace(${this.vector(depth)}, "${target}", "${replacement}", "${source}", "${pattern}")`;
  }
}

const PIECES = [
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    '"',
    "'",
    '`',
    ':',
    '=',
    '=~',
    '!',
    '@',
    '-',
    '/',
    '^',
    '%',
    '#',
    '.',
    '\\',
    '$',
  ],
  ...[
    ' by ',
    ' on ',
    ' offset ',
    ' bool ',
    ' group_left ',
    ' and ',
    ' or ',
    'sum',
    'rate',
    'up',
    '5m',
    '1',
    '0x',
    '1e',
    ' ',
  ],
];

/** A query with something too much or too little in it, which mostly is none any more. */
export function damagedQuery(random: Random): string {
  const query = randomQuery(random);
  const at = Math.floor(random() * (query.length + 1));
  if (random() < 0.4) return query.slice(0, at) + query.slice(at + 1 + Math.floor(random() * 3));
  return query.slice(0, at) + pick(random, PIECES) + query.slice(at);
}
