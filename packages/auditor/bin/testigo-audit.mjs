#!/usr/bin/env node
import { launch } from '../../../scripts/launch.mjs';

await launch('testigo-audit', new URL('../dist/cli/main.js', import.meta.url));
