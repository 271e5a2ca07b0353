#!/usr/bin/env node
// npm links bins before `prepare` has built dist/, and only those that exist: hence this file.
require('../dist/vigie.cjs');
