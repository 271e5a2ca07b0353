/** Bytes that were valid once, for fuzzing what reads bytes from outside. */
import { errorCode } from '@vigie/core/errors';
import fc from 'fast-check';

/** Bytes of `valid` with up to 8 of them changed, cut short, or another's end behind them; or any bytes at all. */
export function mutated(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> {
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 });
  return fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 5,
      arbitrary: fc.tuple(valid, edits, fc.nat(), fc.boolean()).map(([bytes, changes, cut, isCut]) => {
        const copy = Buffer.from(bytes);
        for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
        return isCut ? copy.subarray(0, cut % (copy.length + 1)) : copy;
      }),
    },
  );
}

/** @returns what was read, or undefined where it was refused as malformed or too much; throws for any other failure */
export function readOrRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (errorCode(error) === 'WIRE_MALFORMED' || errorCode(error) === 'WIRE_LIMIT_EXCEEDED') return undefined;
    throw error;
  }
}
