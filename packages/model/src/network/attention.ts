import * as tf from '@tensorflow/tfjs';

/** What tfjs' layers are made from, and what their own configuration says. */
type LayerArgs = ConstructorParameters<typeof tf.layers.Layer>[0];
type Shape = (number | null)[];

const only = (inputs: tf.Tensor | tf.Tensor[]): tf.Tensor => (Array.isArray(inputs) ? inputs[0]! : inputs);
const zeros = () => tf.initializers.zeros();

/** A map [side, side, c] as side² tokens of c numbers, a learnt vector for each place added (Dosovitskiy et al. 2021). */
export class Tokens extends tf.layers.Layer {
  static className = 'Tokens';
  private position?: tf.LayerVariable;

  override build([, side, , channels]: Shape): void {
    this.position = this.addWeight('position', [side! * side!, channels!], 'float32', zeros());
    this.built = true;
  }

  override computeOutputShape([count, side, , channels]: Shape): Shape {
    return [count!, side! * side!, channels!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs);
      const [count, side, , channels] = x.shape as [number, number, number, number];
      return tf.add(tf.reshape(x, [count, side * side, channels]), this.position!.read());
    });
  }
}

const PARTS = ['query', 'key', 'value', 'output'] as const;
type Part = (typeof PARTS)[number];

/** Multi-head self-attention: softmax(Q K' / sqrt(d)) V for each head, then a linear map (Vaswani et al. 2017, 3.2.2). */
export class Attention extends tf.layers.Layer {
  static className = 'Attention';
  private readonly heads: number;
  private readonly parts = new Map<Part, { kernel: tf.LayerVariable; bias: tf.LayerVariable }>();

  constructor(args: LayerArgs & { heads: number }) {
    super(args);
    this.heads = args.heads;
  }

  override build([, , channels]: Shape): void {
    for (const part of PARTS) {
      const kernel = this.addWeight(`${part}_kernel`, [channels!, channels!], 'float32', zeros());
      const bias = this.addWeight(`${part}_bias`, [channels!], 'float32', zeros());
      this.parts.set(part, { kernel, bias });
    }
    this.built = true;
  }

  override computeOutputShape(shape: Shape): Shape {
    return shape;
  }

  private map(x: tf.Tensor, part: Part): tf.Tensor {
    const [count, tokens, channels] = x.shape as [number, number, number];
    const { kernel, bias } = this.parts.get(part)!;
    const rows = tf.reshape(x, [count * tokens, channels]);
    const mapped = tf.add(tf.matMul(rows as tf.Tensor2D, kernel.read() as tf.Tensor2D), bias.read());
    return tf.reshape(mapped, [count, tokens, channels]);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs);
      const [count, tokens, channels] = x.shape as [number, number, number];
      const width = channels / this.heads;
      const split = (part: Part): tf.Tensor =>
        tf.transpose(tf.reshape(this.map(x, part), [count, tokens, this.heads, width]), [0, 2, 1, 3]);
      const scores = tf.mul(tf.matMul(split('query'), split('key'), false, true), 1 / Math.sqrt(width));
      const mixed = tf.matMul(tf.softmax(scores), split('value'));
      const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [count, tokens, channels]);
      return this.map(joined, 'output');
    });
  }

  override getConfig() {
    return { ...super.getConfig(), heads: this.heads };
  }
}

for (const layer of [Tokens, Attention]) tf.serialization.registerClass(layer);
