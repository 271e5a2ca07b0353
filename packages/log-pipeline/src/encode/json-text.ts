/** JSON text of a string that may hold lone surrogates (file names): they become U+FFFD, as in messages. */
export function jsonText(text: string): string {
  return JSON.stringify(LONE_SURROGATE.test(text) ? Buffer.from(text).toString() : text);
}

const LONE_SURROGATE = /\p{Surrogate}/u;
