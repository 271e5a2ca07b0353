/** Which exposition format a target's Content-Type names. Source: prometheus v0.315.0, model/textparse/interface.go. */
import { VigieError } from '@vigie/core/errors';
import { quoteGo } from '@vigie/core/go-quote';

export type ExpositionFormat = 'text' | 'openmetrics' | 'protobuf';

const FORMATS: Readonly<Record<string, ExpositionFormat>> = {
  'application/openmetrics-text': 'openmetrics',
  'application/vnd.google.protobuf': 'protobuf',
  'text/plain': 'text',
};

export interface ChosenFormat {
  readonly format: ExpositionFormat;
  /** The target does not say what it sends: worth a warning. */
  readonly warning: string | undefined;
}

/** @param fallback of the scrape configuration; undefined where it has none
 *  @throws {VigieError} EXPOSITION_CONTENT_TYPE: the scrape fails */
export function formatOfContentType(contentType: string, fallback: ExpositionFormat | undefined): ChosenFormat {
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const format = Object.hasOwn(FORMATS, mediaType) ? FORMATS[mediaType] : undefined;
  if (format !== undefined) return { format, warning: undefined };
  const what =
    contentType === ''
      ? 'non-compliant scrape target sending blank Content-Type'
      : `received unsupported Content-Type ${quoteGo(contentType)}`;
  if (fallback !== undefined) {
    return { format: fallback, warning: `${what}, using fallback_scrape_protocol ${quoteGo(fallback)}` };
  }
  const missing = 'and no fallback_scrape_protocol specified for target';
  throw new VigieError('EXPOSITION_CONTENT_TYPE', `${what} ${missing}`);
}
