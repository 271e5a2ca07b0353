import { describe, expect, it } from 'vitest';
import { formatOfContentType } from '../../src/exposition/content-type.ts';

describe("a target's Content-Type", () => {
  it.each([
    ['text/plain; version=0.0.4; charset=utf-8', 'text'],
    ['Text/Plain', 'text'],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8', 'openmetrics'],
    ['application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited', 'protobuf'],
  ])('%s is %s', (contentType, format) => {
    expect(formatOfContentType(contentType, undefined)).toEqual({ format, warning: undefined });
  });

  it.each([
    ['', 'non-compliant scrape target sending blank Content-Type'],
    ['application/json', 'received unsupported Content-Type "application/json"'],
  ])('needs a fallback where it says nothing of use: %j', (contentType, what) => {
    expect(() => formatOfContentType(contentType, undefined)).toThrow(
      `${what} and no fallback_scrape_protocol specified for target`,
    );
    expect(formatOfContentType(contentType, 'text')).toEqual({
      format: 'text',
      warning: `${what}, using fallback_scrape_protocol "text"`,
    });
  });
});
