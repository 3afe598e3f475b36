#!/usr/bin/env -S node --max-semi-space-size=4
import { prepareProcess } from '../engine/runtime/onnxRuntime.node.js';
import { run } from './program.js';
import { surviveLostOutput } from './terminal.js';

surviveLostOutput();
prepareProcess();
await run(process.argv.slice(2));
