import { describe, expect, it } from 'vitest';
import { JsonLineEncoder, type JsonLineShape, MAX_SHAPE_BYTES } from '../../src/encode/json-lines.ts';
import { FLAG_HIDE_MESSAGE, FLAG_STDERR, SHAPE_SLOTS } from '../../src/kernel/layout.ts';
import { KERNELS, putInput, putReadTime, READ_TIME } from '../kernel/kernels.ts';
import { testShape } from '../kernel/shapes.ts';

describe.each(KERNELS)('the JSON line encoder over the %s kernel', (_kind, create) => {
  const kernel = create();
  const encoder = new JsonLineEncoder(kernel);
  const { start, end } = kernel.regions.slots[0]!;

  function encode(shape: JsonLineShape, message: string, flags = 0): string {
    const bytes = Buffer.from(`${message}\n`);
    kernel.frameLines(putInput(kernel, bytes), bytes.length, 0, ...putReadTime(kernel), 1);
    kernel.table.setFlags(0, flags);
    const { writtenBytes } = encoder.encode(shape, 0, 1, start, end, end);
    return kernel.memory.toString('utf8', start, start + writtenBytes);
  }

  it('writes the pieces of a shape in their order', () => {
    const bytes = (text: string) => Buffer.from(text);
    const shape: JsonLineShape = {
      id: 'none',
      head: bytes('<head>'),
      afterId: bytes('<after id>'),
      stdout: bytes('<stdout>'),
      stderr: bytes('<stderr>'),
      stdoutBare: bytes('<stdout bare>'),
      stderrBare: bytes('<stderr bare>'),
      afterMessage: bytes('<after message>'),
      beforeOffset: bytes('<before offset>'),
      tails: Array.from({ length: 8 }, (_, bits) => bytes(`<tail ${bits}>`)),
    };
    expect(encode(shape, 'hello')).toBe(`<head>${READ_TIME}<stdout>hello<after message><before offset>0<tail 0>`);
    expect(encode(shape, 'hello', FLAG_STDERR)).toContain('<stderr>hello');
    expect(encode(shape, 'hello', FLAG_HIDE_MESSAGE)).toBe(`<head>${READ_TIME}<stdout bare><before offset>0<tail 0>`);
    expect(encode(shape, 'hello', FLAG_HIDE_MESSAGE | FLAG_STDERR)).toContain('<stderr bare><before offset>');
    for (let bits = 0; bits < 8; bits++) expect(encode(shape, '', bits << 2)).toContain(`<tail ${bits}>`);
    const withId = encode({ ...shape, id: 'offset-hash' }, 'hello');
    expect(withId).toContain(`<head>000000000000-26c7827d889f6da3<after id>${READ_TIME}`);
  });

  it('keeps shapes apart when more are used than memory has places for', () => {
    const shapes = Array.from({ length: SHAPE_SLOTS * 2 + 1 }, (_, index) =>
      testShape('none', { pod: `web-${index}` }),
    );
    for (const round of ['first', 'second']) {
      for (const [index, shape] of shapes.entries()) {
        expect(JSON.parse(encode(shape, round))).toMatchObject({ pod: `web-${index}`, message: round });
      }
    }
  });

  it('takes constants up to the limit and refuses more', () => {
    const filled = (label: string) => testShape('none', { label });
    const shapeBytes = (shape: JsonLineShape) => {
      const { id: _, tails, ...parts } = shape;
      return [...Object.values(parts), ...tails].reduce((sum, part) => sum + part.length, 0);
    };
    const room = MAX_SHAPE_BYTES - shapeBytes(filled(''));
    expect(JSON.parse(encode(filled('x'.repeat(room)), 'm'))).toMatchObject({ label: 'x'.repeat(room), message: 'm' });
    expect(() => encode(filled('x'.repeat(room + 1)), 'm')).toThrow(
      expect.objectContaining({ code: 'LOG_SHAPE_TOO_LARGE', limitBytes: MAX_SHAPE_BYTES }),
    );
  });
});
