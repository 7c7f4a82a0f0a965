import type { LayersModel as TfLayersModel } from '@tensorflow/tfjs';
import type { LayersModel } from './layers.ts';

/** Takes topology and weights out of a TensorFlow.js model, whatever backend holds them. */
export const fromTfjs = async (model: TfLayersModel): Promise<LayersModel> => {
  const weights = await Promise.all(
    // By layer: `model.weights` puts frozen ones last, and the order should not depend on that.
    model.layers
      .flatMap((layer) => layer.weights)
      .map(async (variable) => {
        const value = variable.read();
        return {
          name: variable.originalName,
          shape: value.shape,
          data: Float32Array.from(await value.data()),
        };
      }),
  );
  return { topology: model.toJSON(null, false) as object, weights };
};
