import {
  type Attribute,
  type DataType,
  type Dimension,
  encodeModel,
  encodeNode,
  encodeTensor,
  encodeValueInfo,
} from './proto.ts';

const bytesOf = (data: Float32Array | BigInt64Array | Uint8Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Collects the nodes and constants of one ONNX graph; every method returns the name of what it added. */
export class GraphBuilder {
  readonly #nodes: Uint8Array[] = [];
  readonly #constants = new Map<string, Uint8Array>();
  readonly #inputs: Uint8Array[] = [];
  readonly #outputs: Uint8Array[] = [];

  input(name: string, type: DataType, shape: readonly Dimension[]): string {
    this.#inputs.push(encodeValueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: DataType, shape: readonly Dimension[]): void {
    this.#outputs.push(encodeValueInfo(name, type, shape));
  }

  floats(name: string, shape: readonly number[], data: Float32Array): string {
    this.#constants.set(name, encodeTensor(name, 'float32', shape, bytesOf(data)));
    return name;
  }

  integers(name: string, values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    this.#constants.set(name, encodeTensor(name, 'int64', [values.length], bytesOf(data)));
    return name;
  }

  node(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    this.#nodes.push(encodeNode(op, inputs, output, attributes));
    return output;
  }

  encode(name: string, metadata: Readonly<Record<string, string>>): Uint8Array {
    const initializers = [...this.#constants.values()];
    return encodeModel({
      name,
      nodes: this.#nodes,
      initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
      metadata,
    });
  }
}
