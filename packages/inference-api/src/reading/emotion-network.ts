import { InferenceSession, Tensor } from 'onnxruntime-node';
import { FACE_SIZE } from '../image/crop.ts';

/** One output row of the network. */
export type NetworkOutput = {
  /** Calibrated, in the model's label order. */
  readonly probabilities: Float32Array;
  /** What the network's last layer reads. */
  readonly embedding: Float32Array;
};

export type EmotionNetwork = {
  /** One 48 x 48 gray picture in. */
  predict(pixels: Uint8Array): Promise<NetworkOutput>;
  close(): Promise<void>;
};

/** A model bundle's graph on ONNX Runtime. It computes on the thread that calls it. */
export const loadEmotionNetwork = async (onnx: Uint8Array, threads: number): Promise<EmotionNetwork> => {
  const session = await InferenceSession.create(onnx, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  return {
    predict: async (pixels) => {
      const input = new Tensor('uint8', pixels, [1, FACE_SIZE, FACE_SIZE]);
      const output = await session.run({ pixels: input }, ['probabilities', 'embedding']);
      return {
        probabilities: output.probabilities!.data as Float32Array,
        embedding: output.embedding!.data as Float32Array,
      };
    },
    close: () => session.release(),
  };
};
