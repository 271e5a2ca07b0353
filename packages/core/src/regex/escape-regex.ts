/** A regular expression that matches the text and nothing else. Source: Go, regexp.QuoteMeta. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}
