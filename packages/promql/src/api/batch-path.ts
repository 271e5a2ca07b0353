/** Of several instant queries in one request, below /api/v1: Vigie's own. */
export const BATCH_PATH = '/query_batch';
