#!/usr/bin/env -S node --max-semi-space-size=4
import { run } from './program.js';
import { surviveLostOutput } from './terminal.js';

surviveLostOutput();
await run(process.argv.slice(2));
