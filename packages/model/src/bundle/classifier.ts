import type { ModelManifest } from '@testigo/trail';
import { CLASS_COUNT, PIXEL_COUNT } from '../labels.ts';
import { calibrationOf } from './calibrated.ts';
import { checkPixels, type EngineOptions, OnnxEngine } from './engine.ts';
import { toOnnx } from './onnx/to-onnx.ts';
import { type BundleContents, readBundle } from './read-bundle.ts';
import { cutViews, mirrorViews, tenViews } from './views.ts';

export type ViewMode = 'single' | 'mirror' | 'ten-crop';

/** A verified bundle, ready to read faces. Owns native memory: call `close` when done. */
export class BundleClassifier {
  readonly contents: BundleContents;
  readonly #options: EngineOptions;
  readonly #engine: OnnxEngine;
  #viewEngine: Promise<OnnxEngine> | undefined;

  constructor(contents: BundleContents, engine: OnnxEngine, options: EngineOptions) {
    this.contents = contents;
    this.#engine = engine;
    this.#options = options;
  }

  get manifest(): ModelManifest {
    return this.contents.manifest;
  }

  /** Hex. */
  get modelVersion(): string {
    return this.contents.modelVersion;
  }

  /** Calibrated probabilities, n x 7, of n 48x48 gray pictures. @throws ModelError pixels-size */
  predict(pixels48: Uint8Array): Promise<Float32Array> {
    checkPixels(pixels48);
    return this.#engine.run(pixels48, 'probabilities');
  }

  /** Raw outputs before calibration and softmax, n x 7. */
  logits(pixels48: Uint8Array): Promise<Float32Array> {
    checkPixels(pixels48);
    return this.#engine.run(pixels48, 'logits');
  }

  /** What the last layer reads, n x d. */
  embed(pixels48: Uint8Array): Promise<Float32Array> {
    checkPixels(pixels48);
    return this.#engine.run(pixels48, 'embedding');
  }

  /** Calibrated probabilities averaged over views of each picture. */
  async predictViews(pixels48: Uint8Array, mode: ViewMode): Promise<Float32Array> {
    if (mode === 'single') return this.predict(pixels48);
    const count = checkPixels(pixels48);
    const { size } = this.contents.input;
    const views = mode === 'mirror' ? mirrorViews(size) : tenViews(size);
    const engine = await this.#openViewEngine();
    const out = new Float32Array(count * CLASS_COUNT);
    for (let row = 0; row < count; row++) {
      const picture = pixels48.subarray(row * PIXEL_COUNT, (row + 1) * PIXEL_COUNT);
      const scores = await engine.run(cutViews(picture, size, views), 'probabilities');
      for (let i = 0; i < scores.length; i++)
        out[row * CLASS_COUNT + (i % CLASS_COUNT)]! += scores[i]! / views.length;
    }
    return out;
  }

  async close(): Promise<void> {
    await this.#engine.close();
    await (await this.#viewEngine)?.close();
  }

  /** Takes pictures of the network's own size: the views are cut before it. */
  #openViewEngine(): Promise<OnnxEngine> {
    const { network, input, manifest } = this.contents;
    this.#viewEngine ??= OnnxEngine.create(
      toOnnx(network, { input, calibration: calibrationOf(manifest), pictureSize: input.size }),
      input.size,
      this.#options,
    );
    return this.#viewEngine;
  }
}

/** Loads checked bundle contents into onnxruntime. */
export const loadClassifier = async (
  contents: BundleContents,
  options: EngineOptions = {},
): Promise<BundleClassifier> => {
  const { network, input, manifest } = contents;
  const onnx = toOnnx(network, { input, calibration: calibrationOf(manifest), name: manifest.name });
  return new BundleClassifier(contents, await OnnxEngine.create(onnx, 48, options), options);
};

/** Opens a bundle folder, every digest verified. @throws ModelError */
export const openBundle = async (folder: string, options: EngineOptions = {}): Promise<BundleClassifier> =>
  loadClassifier(readBundle(folder), options);
