/** What the calls share. There is no static data: tables live in the state page, written by `setUp`. */

/** First row of the table. */
export let table: usize = 0;

export function setTable(start: usize): void {
  table = start;
}
