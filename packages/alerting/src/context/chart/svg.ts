/** A drawing as SVG, without scripts, styles or anything from elsewhere. */
import type { Drawing, Point, Shape } from './shape.ts';

export function svgOf({ width, height, shapes }: Drawing): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">`,
    ...shapes.map(elementOf),
    '</svg>\n',
  ].join('\n');
}

function elementOf(shape: Shape): string {
  switch (shape.kind) {
    case 'box':
      return `<rect x="${short(shape.at.x)}" y="${short(shape.at.y)}" width="${shape.width}" height="${shape.height}" fill="${shape.color}"/>`;
    case 'lines':
      return `<path d="${shape.paths.map(pathText).join('')}" fill="none" stroke="${shape.color}" stroke-width="${shape.width}" stroke-linecap="round" stroke-linejoin="round"/>`;
    case 'text':
      return `<text x="${short(shape.at.x)}" y="${short(shape.at.y)}" text-anchor="${shape.anchor}" dominant-baseline="central" fill="${shape.color}">${escaped(shape.text)}</text>`;
  }
}

function pathText(points: readonly Point[]): string {
  // A dot is a line to where it begins.
  const drawn = points.length === 1 ? [...points, ...points] : points;
  return drawn.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${short(x)} ${short(y)}`).join('');
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** What XML has no form of is left out. */
function escaped(text: string): string {
  const wellFormed = Buffer.from(text).toString();
  const allowed = Array.from(wellFormed).filter((char) => char >= ' ' && char !== '\ufffe' && char !== '\uffff');
  return allowed.join('').replace(/[&<>"]/g, (char) => ESCAPES[char] ?? '');
}
