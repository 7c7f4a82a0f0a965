// A process of its own that tells what adapter there is: see probe.ts.
import { findAdapterName } from './webgpu.ts';

process.stdout.write((await findAdapterName({})) ?? '', () => process.exit(0));
