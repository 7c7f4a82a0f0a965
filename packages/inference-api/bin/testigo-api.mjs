#!/usr/bin/env node
import { launch } from '../../../scripts/launch.mjs';

await launch('testigo-api', new URL('../dist/main.js', import.meta.url));
