import { bytesField, concatBytes, floatField, integerField, message } from '../../protobuf.ts';

/**
 * ONNX's messages (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), written field by field:
 * the numbers below are that file's field numbers.
 */
const DATA_TYPE = { float32: 1, uint8: 2, int8: 3, int64: 7, float16: 10 } as const;
export type DataType = keyof typeof DATA_TYPE;

export type Attribute = number | readonly number[] | { readonly float: number } | { readonly text: string };
export type Dimension = number | string;

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9. */
export const encodeTensor = (
  name: string,
  type: DataType,
  shape: readonly number[],
  raw: Uint8Array,
): Uint8Array =>
  message(
    ...shape.map((size) => integerField(1, size)),
    integerField(2, DATA_TYPE[type]),
    bytesField(8, name),
    bytesField(9, raw),
  );

/** AttributeProto: name 1, f 2, i 3, s 4, ints 8, type 20 (1 float, 2 int, 3 string, 7 ints). */
const encodeAttribute = (name: string, value: Attribute): Uint8Array => {
  if (typeof value === 'number')
    return message(bytesField(1, name), integerField(3, value), integerField(20, 2));
  if ('float' in value) return message(bytesField(1, name), floatField(2, value.float), integerField(20, 1));
  if ('text' in value) return message(bytesField(1, name), bytesField(4, value.text), integerField(20, 3));
  return message(bytesField(1, name), ...value.map((item) => integerField(8, item)), integerField(20, 7));
};

/** NodeProto: input 1, output 2, name 3, op_type 4, attribute 5. */
export const encodeNode = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>>,
): Uint8Array =>
  message(
    ...inputs.map((name) => bytesField(1, name)),
    bytesField(2, output),
    bytesField(3, output),
    bytesField(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytesField(5, encodeAttribute(name, value))),
  );

/** ValueInfoProto: name 1, type 2; TypeProto.Tensor: elem_type 1, shape 2; a dimension is a value 1 or a name 2. */
export const encodeValueInfo = (name: string, type: DataType, shape: readonly Dimension[]): Uint8Array => {
  const dimensions = shape.map((size) =>
    bytesField(1, typeof size === 'string' ? bytesField(2, size) : integerField(1, size)),
  );
  const tensor = message(integerField(1, DATA_TYPE[type]), bytesField(2, concatBytes(dimensions)));
  return message(bytesField(1, name), bytesField(2, bytesField(1, tensor)));
};

export type GraphParts = {
  readonly name: string;
  readonly nodes: readonly Uint8Array[];
  readonly initializers: readonly Uint8Array[];
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
  readonly metadata: Readonly<Record<string, string>>;
};

const IR_VERSION = 8;
const OPSET = 17;

/** ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8 (version 2), metadata_props 14. */
export const encodeModel = (graph: GraphParts): Uint8Array =>
  message(
    integerField(1, IR_VERSION),
    bytesField(2, 'testigo'),
    bytesField(
      7,
      message(
        ...graph.nodes.map((node) => bytesField(1, node)),
        bytesField(2, graph.name),
        ...graph.initializers.map((tensor) => bytesField(5, tensor)),
        ...graph.inputs.map((info) => bytesField(11, info)),
        ...graph.outputs.map((info) => bytesField(12, info)),
      ),
    ),
    bytesField(8, message(bytesField(1, ''), integerField(2, OPSET))),
    ...Object.entries(graph.metadata).map(([key, value]) =>
      bytesField(14, message(bytesField(1, key), bytesField(2, value))),
    ),
  );
