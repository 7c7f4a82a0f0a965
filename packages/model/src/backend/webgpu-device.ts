/**
 * Opens a WebGPU device in Node through Dawn. Dawn reports an error (a broken shader, say) by an event and not by
 * an exception, and a training run that misses it goes on with wrong numbers: so each device carries its first error.
 */
export type OpenDevice = {
  readonly device: GPUDevice;
  readonly adapter: GPUAdapter;
  readonly description: string;
  /** The first error that the device reported, if any. */
  firstError(): string | undefined;
};

export type DeviceOptions = {
  /** Accept a software renderer: correct and slow, for tests. */
  readonly allowSoftware?: boolean;
  /** Dawn's own switches, for instance `disable_robustness`. */
  readonly toggles?: readonly string[];
};

// Dawn needs its GPU object to outlive every device, and Node 24 crashes when it is collected first.
let held: { gpu: GPU; toggles: string } | undefined;

async function openGpu(toggles: readonly string[]): Promise<GPU> {
  const wanted = toggles.join(',');
  if (held && held.toggles === wanted) return held.gpu;
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create(wanted ? [`enable-dawn-features=${wanted}`] : []);
  held ??= { gpu, toggles: wanted };
  return gpu;
}

/** TensorFlow.js' WebGPU backend looks for `navigator.gpu` when it is imported. */
export async function installNavigatorGpu(): Promise<GPU> {
  const gpu = await openGpu([]);
  const userAgent = globalThis.navigator?.userAgent ?? 'node';
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { gpu, userAgent } });
  return gpu;
}

export const isSoftware = (adapter: GPUAdapter): boolean =>
  adapter.info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe/i.test(describe(adapter));

function describe({ info }: GPUAdapter): string {
  return [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ');
}

const LIMITS = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBuffersPerShaderStage',
] as const;

/** The best adapter here with its whole limits, or null where there is none (or only a software one). */
export async function openDevice({
  allowSoftware = false,
  toggles = [],
}: DeviceOptions = {}): Promise<OpenDevice | null> {
  const adapter = await findAdapter(toggles);
  if (!adapter || (isSoftware(adapter) && !allowSoftware)) return null;
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits });
  let first: string | undefined;
  device.addEventListener('uncapturederror', (event) => {
    first ??= event.error.message;
  });
  void device.lost.then((info) => {
    if (info.reason !== 'destroyed') first ??= `device lost: ${info.message}`;
  });
  return { device, adapter, description: describe(adapter), firstError: () => first };
}

async function findAdapter(toggles: readonly string[]): Promise<GPUAdapter | null> {
  try {
    const gpu = await openGpu(toggles);
    return await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch {
    return null; // no binding for this platform, or no Vulkan loader
  }
}
