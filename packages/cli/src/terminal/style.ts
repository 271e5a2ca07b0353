/** Terminal colours, or none. */

/** SGR parameters. */
export type Colour = 'red' | 'yellow' | 'green' | 'dim' | 'bold' | { readonly sgr: number };

const SGR = { red: 31, yellow: 33, green: 32, dim: 2, bold: 1 } as const;

export type Paint = (text: string, colour: Colour | undefined) => string;

export const paint: Paint = (text, colour) => {
  if (colour === undefined || text === '') return text;
  return `\x1b[${typeof colour === 'string' ? SGR[colour] : colour.sgr}m${text}\x1b[0m`;
};

export const plain: Paint = (text) => text;

/** https://no-color.org, and terminals that say they have no colours. */
export function paintFor(env: Readonly<Record<string, string | undefined>>): Paint {
  return (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb' ? plain : paint;
}
