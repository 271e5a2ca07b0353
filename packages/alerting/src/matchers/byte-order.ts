/** The order of Go's strings, which is that of their bytes: it differs from JavaScript's where characters beyond U+FFFF are compared with ones
 *  from U+E000 on. */
import { compareText } from '@vigie/promql/labels/label-set';

const SURROGATE = /[\ud800-\udfff]/;

export function compareBytes(a: string, b: string): number {
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return compareText(a, b);
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
