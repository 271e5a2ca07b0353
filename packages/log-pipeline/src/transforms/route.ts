/** `route`: parts records by conditions; each of its outputs is an input of its own for what follows. */
import { section } from '@vigie/core/config/fields';
import { bug } from '@vigie/core/errors';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../kernel/layout.ts';
import { Condition } from './conditions/condition.ts';
import { conditionSchema } from './conditions/condition-schema.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';
import type { Ways } from './ways.ts';

/** The output of records that meet no condition. */
export const UNMATCHED = '_unmatched';

const routeNameSchema = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'a name of letters, digits, _ and -'),
  v.check((name) => name !== UNMATCHED, `another name than ${UNMATCHED}, the output of what meets no condition`),
);

export const routeSchema = section({
  type: v.literal('route'),
  ...transformEntries,
  /** Conditions by name. `NAME.ROUTE` is then an input for others, and `NAME._unmatched` takes what meets none. */
  route: v.pipe(v.record(routeNameSchema, conditionSchema), v.minEntries(1, 'at least one route')),
});

/** `split.errors` is by the route `errors`. */
export function routeName(output: string): string {
  return output.slice(output.indexOf('.') + 1);
}

interface Exit {
  readonly way: number;
  /** undefined: whatever met none of the others. */
  readonly condition: Condition | undefined;
}

/** On the way to one sink: of several outputs that lead there a record takes the first whose condition it meets, so that
 *  it arrives once. A record that no such output takes is dropped with the reason `not_routed`. */
export class Route implements Transform {
  readonly type = 'route';
  readonly #ways: Ways;
  readonly #from: readonly number[] | undefined;
  /** In the order of the configuration. */
  readonly #exits: readonly Exit[];
  /** Conditions that lead elsewhere: what meets one of them is not unmatched. */
  readonly #elsewhere: readonly Condition[];

  /** @param leading the outputs that lead to the sink
   *  @param from the ways by which records come; undefined: the first route, to which all come */
  constructor(
    { route }: Pick<v.InferOutput<typeof routeSchema>, 'route'>,
    leading: readonly { readonly name: string; readonly way: number }[],
    ways: Ways,
    from: readonly number[] | undefined,
  ) {
    this.#ways = ways;
    this.#from = from;
    const exits: Exit[] = [];
    const elsewhere: Condition[] = [];
    const unmatched = leading.find(({ name }) => name === UNMATCHED);
    for (const [name, config] of Object.entries(route)) {
      const exit = leading.find((one) => one.name === name);
      if (exit !== undefined) exits.push({ way: exit.way, condition: new Condition(config) });
      else if (unmatched !== undefined) elsewhere.push(new Condition(config));
    }
    if (unmatched !== undefined) exits.push({ way: unmatched.way, condition: undefined });
    if (exits.length !== leading.length) throw bug('an output of a route that has no such route');
    this.#exits = exits;
    this.#elsewhere = elsewhere;
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount } = batch;
    const from = this.#from;
    if (from === undefined) this.#ways.reset(rowCount);
    for (const { condition } of this.#exits) condition?.begin(context);
    for (const condition of this.#elsewhere) condition.begin(context);
    let records = 0;
    let rawBytes = 0;
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      if (from !== undefined && !from.includes(this.#ways.at(row))) continue;
      const way = this.#wayOf(batch, row);
      if (way !== undefined) {
        this.#ways.set(row, way);
        continue;
      }
      table.setFlags(row, flags | FLAG_DROPPED);
      records += 1;
      rawBytes += table.rawBytes(row);
    }
    if (records > 0) context.dropped('not_routed', records, rawBytes);
  }

  #wayOf(batch: Batch, row: number): number | undefined {
    for (const { way, condition } of this.#exits) {
      if (condition === undefined) {
        return this.#elsewhere.some((other) => other.test(batch, row)) ? undefined : way;
      }
      if (condition.test(batch, row)) return way;
    }
    return undefined;
  }
}
