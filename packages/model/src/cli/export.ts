import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { calibrationOf } from '../bundle/calibrated.ts';
import { toOnnx } from '../bundle/onnx/to-onnx.ts';
import { readBundle } from '../bundle/read-bundle.ts';
import { LABELS } from '../labels.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { type CommandContext, parseChoice } from './context.ts';

const FORMS = ['onnx', 'triton', 'tfjs'] as const;
type ExportFlags = { readonly bundle: string; readonly format: (typeof FORMS)[number]; readonly out: string };

/** What Triton reads beside the model: names, types and shapes, and that it may batch. */
const tritonConfig = (name: string): string => `name: "${name}"
platform: "onnxruntime_onnx"
max_batch_size: 64
input [ { name: "pixels" data_type: TYPE_UINT8 dims: [ 48, 48 ] } ]
output [ { name: "probabilities" data_type: TYPE_FP32 dims: [ ${LABELS.length} ] } ]
dynamic_batching { max_queue_delay_microseconds: 2000 }
`;

const write = (path: string, content: Uint8Array | string, context: CommandContext): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  context.stderr.write(`wrote ${path}\n`);
};

const run = (flags: ExportFlags, context: CommandContext): void => {
  const { network, input, manifest, files } = readBundle(flags.bundle);
  if (flags.format === 'tfjs') {
    for (const name of ['model.json', 'weights.bin']) write(join(flags.out, name), files.get(name)!, context);
    return;
  }
  const onnx = toOnnx(network, { input, calibration: calibrationOf(manifest), name: manifest.name });
  if (flags.format === 'onnx') {
    write(flags.out, onnx, context);
    return;
  }
  write(join(flags.out, manifest.name, '1', 'model.onnx'), onnx, context);
  write(join(flags.out, manifest.name, 'config.pbtxt'), tritonConfig(manifest.name), context);
};

export const addExport = (program: Command, context: CommandContext): void => {
  program
    .command('export')
    .description('write the network for other engines: ONNX, a Triton model repository, or TensorFlow.js')
    .requiredOption('--out <path>', 'file (onnx) or folder (triton, tfjs)')
    .option('--bundle <folder>', 'model bundle (default: the shipped one)', shippedBundle())
    .option('--format <form>', FORMS.join(', '), parseChoice('format', FORMS), 'onnx')
    .addHelpText(
      'after',
      `
The ONNX graph takes "pixels", UINT8 [n, 48, 48], and gives "probabilities", FP32 [n, 7], calibrated; "logits" and
"embedding" too. Normalising, crop and calibration are inside, so any server gives the numbers that this one gives.

Examples:
  testigo-model export --out model.onnx
  testigo-model export --format triton --out models && tritonserver --model-repository models`,
    )
    .action((flags: ExportFlags) => run(flags, context));
};
