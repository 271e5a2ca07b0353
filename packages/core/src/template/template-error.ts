import { VigieError } from '../errors.ts';

/** A template that cannot be parsed (TEMPLATE_INVALID) or executed (TEMPLATE_FAILED), in the words of Go's text/template:
 *  `template: NAME:LINE: …`, `template: NAME:LINE:COLUMN: executing "NAME" at <.X>: …`. */
export class TemplateError extends VigieError {}

/** Thrown by a function that a template calls: the sentence stands behind `error calling NAME:`. */
export class TemplateFunctionError extends VigieError {
  constructor(message: string) {
    super('TEMPLATE_FUNCTION', message);
  }
}
