import type { Layer } from '../layers.ts';

const isGate = (layer: Layer | undefined, byName: ReadonlyMap<string, Layer>): boolean => {
  if (layer?.kind !== 'Reshape') return false;
  const source = byName.get(layer.inputs[0] ?? '');
  return source?.kind === 'Dense' && source.config.activation === 'sigmoid';
};

/**
 * Pools before it scales: a squeeze-and-excitation gate is positive and one number a channel, so
 * max(g x) = g max(x), exactly, and the product is taken over a quarter of the pixels. Returns the layers reordered.
 */
export const poolBeforeGate = (layers: readonly Layer[]): Layer[] => {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  let result = [...layers];
  for (const pool of layers) {
    const product = byName.get(pool.inputs[0] ?? '');
    const isOnlyUse = result.filter((layer) => layer.inputs.includes(product?.name ?? '')).length === 1;
    if (pool.kind !== 'MaxPooling2D' || product?.kind !== 'Multiply' || !isOnlyUse) continue;
    const gate = product.inputs.find((name) => isGate(byName.get(name), byName));
    const picture = product.inputs.find((name) => name !== gate);
    if (gate === undefined || picture === undefined) continue;
    result = result.flatMap((layer) => {
      if (layer.name === product.name) return [];
      if (layer.name === pool.name)
        return [
          { ...pool, inputs: [picture] },
          { ...product, inputs: [pool.name, gate] },
        ];
      return [{ ...layer, inputs: layer.inputs.map((name) => (name === pool.name ? product.name : name)) }];
    });
  }
  return result;
};
