#!/usr/bin/env node
import { launch } from '../../../scripts/launch.mjs';

await launch('testigo-log', new URL('../dist/log-main.js', import.meta.url));
