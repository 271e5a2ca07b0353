import { compileRegex, RegexError } from '@vigie/core/regex';
import * as v from 'valibot';

/** A regular expression in a configuration, as text: it compiles. */
export const regexText = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      compileRegex(dataset.value);
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      addIssue({ message: `a regular expression in RE2 syntax (${error.message})` });
    }
  }),
);
