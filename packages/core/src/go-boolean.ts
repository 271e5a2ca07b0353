/** Flags as Go reads them from text. Source: Go 1.26, strconv/atob.go. */

/** strconv.ParseBool; undefined where it fails. */
export function parseGoBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined;
}
