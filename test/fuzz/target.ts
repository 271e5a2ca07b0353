/** Runs a parser on many inputs, and says which one broke it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededRandom } from '@vigie/core/random';
import { Mutator } from './mutate.ts';

export interface Target {
  readonly name: string;
  readonly samples: readonly Buffer[];
  /** Of a run without VIGIE_FUZZ_SECONDS: what takes about two seconds. */
  readonly iterations: number;
  /** @throws when the parser, or what holds of its result, breaks */
  readonly parse: (input: Buffer) => void | Promise<void>;
}

/** What a parser may keep for good, of all inputs: caches, compiled code. */
const MAX_GROWTH_BYTES = 48 * 1024 ** 2;
/** Caches are full, and code is compiled, after this part of a run. */
const WARM_UP = 0.3;
const BATCH = 256;
/** V8 keeps what it compiled of a regular expression, up to 180 MB of them, until it was not used for seven collections. */
const COLLECTIONS = 12;

/** @param seconds of this target; undefined runs its iterations, the same each time
 *  @throws with the seed and the input that breaks it */
export async function fuzz(
  { name, samples, iterations, parse }: Target,
  seed: number,
  seconds: number | undefined,
): Promise<void> {
  const mutator = new Mutator(seededRandom(seed), samples);
  const startedMs = performance.now();
  const progress = (done: number) =>
    seconds === undefined ? done / iterations : (performance.now() - startedMs) / 1e3 / seconds;
  let warmBytes: number | undefined;
  for (let done = 0; progress(done) < 1; ) {
    for (let index = 0; index < BATCH; index++, done++) {
      const input = mutator.next();
      try {
        const parsing = parse(input);
        if (parsing !== undefined) await parsing;
      } catch (error) {
        throw new Error(`${name}, seed ${seed}, input ${done}: Buffer.from('${input.toString('base64')}', 'base64')`, {
          cause: error,
        });
      }
    }
    if (warmBytes === undefined && progress(done) >= WARM_UP) warmBytes = usedBytes();
  }
  if (warmBytes === undefined) return;
  let grown = usedBytes() - warmBytes;
  for (let count = 0; grown > MAX_GROWTH_BYTES && count < COLLECTIONS; count++) grown = usedBytes() - warmBytes;
  if (grown > MAX_GROWTH_BYTES) throw new Error(`${name} keeps ${grown} bytes more than before`);
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

function usedBytes(): number {
  if (typeof collect === 'function') collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
