import { expect, it } from 'vitest';
import { otlpFormat, otlpStatus } from '../../src/otlp/http-status.ts';
import { ProtoReader } from '../../src/protobuf/reader.ts';

it.each([
  [undefined, 'protobuf'],
  ['application/x-protobuf', 'protobuf'],
  ['Application/JSON; charset=utf-8', 'json'],
  ['text/plain', undefined],
  ['', undefined],
])('a request of the type %s is in %s', (contentType, format) => {
  expect(otlpFormat(contentType)).toBe(format);
});

it.each([
  [400, 3],
  [415, 3],
  [413, 8],
  [429, 8],
  [500, 13],
  [503, 14],
])('a refusal with %i has the code %i, in the format of the request', (httpStatus, code) => {
  expect(otlpStatus(httpStatus, 'no', true)).toEqual({
    contentType: 'application/json',
    body: JSON.stringify({ code, message: 'no' }),
  });
  const { contentType, body } = otlpStatus(httpStatus, 'no', false);
  const reader = new ProtoReader(Buffer.from(body));
  const fields: (number | string)[] = [];
  while (reader.next()) fields.push(reader.field === 1 ? reader.uint() : reader.string());
  expect([contentType, ...fields]).toEqual(['application/x-protobuf', code, 'no']);
});
