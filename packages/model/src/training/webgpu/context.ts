import { isSoftware, type OpenDevice } from '../../backend/webgpu-device.ts';
import { TrainingFault } from '../engine.ts';

/** A piece of a GPU buffer holding 4-byte elements. */
export type GpuTensor = { readonly buffer: GPUBuffer; readonly offset: number; readonly length: number };

export type Access = 'read' | 'read_write';
export type Element = 'f32' | 'u32' | 'vec4<f32>' | 'atomic<u32>';
export type Binding = { readonly tensor: GpuTensor; readonly access: Access; readonly element: Element };

export const reads = (tensor: GpuTensor, element: Element = 'f32'): Binding => ({
  tensor,
  access: 'read',
  element,
});
export const writes = (tensor: GpuTensor, element: Element = 'f32'): Binding => ({
  tensor,
  access: 'read_write',
  element,
});
export const reads4 = (tensor: GpuTensor): Binding => reads(tensor, 'vec4<f32>');
export const writes4 = (tensor: GpuTensor): Binding => writes(tensor, 'vec4<f32>');

/** One recorded dispatch. */
export type Pass = {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: readonly [number, number, number];
};

export type PassRequest = {
  readonly label: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  /** Module-scope declarations. */
  readonly declarations?: string;
  /** Body of `main`, which sees `wid` (workgroup), `lid` (thread in it) and, for `threads`, `i` (linear index). */
  readonly body: string;
  readonly workgroupSize?: number;
  /** Either the grid of workgroups, or a count of threads (the body runs for i < threads). */
  readonly groups?: readonly [number, number, number];
  readonly threads?: number;
};

const MAX_GRID = 32768;

function linearGrid(threads: number, workgroupSize: number): [number, number, number] {
  const groups = Math.ceil(threads / workgroupSize);
  return groups <= MAX_GRID ? [groups, 1, 1] : [MAX_GRID, Math.ceil(groups / MAX_GRID), 1];
}

function writeShader(
  { bindings, declarations = '', body, threads }: PassRequest,
  workgroupSize: number,
  gridX: number,
): string {
  const lines = Object.entries(bindings).map(
    ([name, b], i) => `@group(0) @binding(${i}) var<storage, ${b.access}> ${name}: array<${b.element}>;`,
  );
  const guard =
    threads === undefined
      ? ''
      : `let i = (wid.y * ${gridX}u + wid.x) * ${workgroupSize}u + lid; if (i >= ${threads}u) { return; }`;
  return `${lines.join('\n')}
${declarations}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
${guard}
${body}
}`;
}

/** Buffers, pipelines (one for each distinct shader) and recorded dispatches of one device. */
export class GpuContext {
  readonly open: OpenDevice;
  readonly device: GPUDevice;
  /** Results a thread of a matrix product keeps in a column: few on a software adapter, whose compiler takes minutes otherwise. */
  readonly rowsPerThread: number;
  private readonly pipelines = new Map<string, GPUComputePipeline>();
  private readonly buffers: GPUBuffer[] = [];
  private readonly staging = new Map<number, GPUBuffer>();

  constructor(open: OpenDevice) {
    this.open = open;
    this.device = open.device;
    this.rowsPerThread = isSoftware(open.adapter) ? 2 : 8;
  }

  /** A zeroed buffer of `length` 4-byte elements. */
  allocate(length: number, label: string): GpuTensor {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.device.createBuffer({ size: Math.ceil(length / 4) * 16, usage, label });
    this.buffers.push(buffer);
    return { buffer, offset: 0, length };
  }

  write(tensor: GpuTensor, data: Float32Array | Uint32Array | Uint8Array): void {
    this.device.queue.writeBuffer(tensor.buffer, tensor.offset * 4, data as Float32Array<ArrayBuffer>);
  }

  record(request: PassRequest): Pass {
    const workgroupSize = request.workgroupSize ?? 256;
    const groups = request.groups ?? linearGrid(request.threads!, workgroupSize);
    const code = writeShader(request, workgroupSize, groups[0]);
    let pipeline = this.pipelines.get(code);
    if (!pipeline) {
      const module = this.device.createShaderModule({ code, label: request.label });
      pipeline = this.device.createComputePipeline({
        layout: 'auto',
        compute: { module, entryPoint: 'main' },
        label: request.label,
      });
      this.pipelines.set(code, pipeline);
    }
    const entries = Object.values(request.bindings).map(({ tensor, element }, binding) => {
      const unit = element === 'vec4<f32>' ? 16 : 4;
      const size = Math.ceil((tensor.length * 4) / unit) * unit;
      return { binding, resource: { buffer: tensor.buffer, offset: tensor.offset * 4, size } };
    });
    const bindGroup = this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries,
      label: request.label,
    });
    return { label: request.label, pipeline, bindGroup, groups };
  }

  /** Submits passes in order; `copies` run after them. */
  submit(passes: readonly Pass[]): void {
    const encoder = this.device.createCommandEncoder();
    const compute = encoder.beginComputePass();
    let pipeline: GPUComputePipeline | undefined;
    for (const pass of passes) {
      if (pass.pipeline !== pipeline) compute.setPipeline(pass.pipeline);
      pipeline = pass.pipeline;
      compute.setBindGroup(0, pass.bindGroup);
      compute.dispatchWorkgroups(...pass.groups);
    }
    compute.end();
    this.device.queue.submit([encoder.finish()]);
  }

  copy(from: GpuTensor, to: GpuTensor): void {
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(from.buffer, from.offset * 4, to.buffer, to.offset * 4, from.length * 4);
    this.device.queue.submit([encoder.finish()]);
  }

  async read(tensor: GpuTensor): Promise<Float32Array> {
    const size = tensor.length * 4;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const kept = this.staging.get(size);
    this.staging.delete(size);
    const staging = kept ?? this.device.createBuffer({ size, usage });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(tensor.buffer, tensor.offset * 4, staging, 0, size);
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(staging.getMappedRange().slice(0));
    staging.unmap();
    if (this.staging.has(size)) staging.destroy();
    else this.staging.set(size, staging);
    this.check();
    return values;
  }

  /** Dawn reports errors by event: numbers after the first one are worthless. */
  check(): void {
    const error = this.open.firstError();
    if (error !== undefined) throw new TrainingFault(`WebGPU: ${error}`);
  }

  dispose(): void {
    for (const buffer of this.buffers) buffer.destroy();
    for (const buffer of this.staging.values()) buffer.destroy();
  }
}
