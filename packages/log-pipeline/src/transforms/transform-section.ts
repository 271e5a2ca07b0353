/** What every transform's section in the configuration says. */
import { text } from '@vigie/core/config/fields';
import * as v from 'valibot';

export const transformEntries = {
  /** Sources and transforms whose records come here. */
  inputs: v.pipe(v.array(text()), v.minLength(1, 'at least one input')),
};
