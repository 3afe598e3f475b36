import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Device, DEVICES } from './native.node.js';
import { availableDevices, DEVICE_NEEDS } from './nodeBinding.node.js';

/** Drivers of slow machines start within a few seconds. */
const TIMEOUT_MS = 60_000;
const PROCESS = fileURLToPath(new URL('./deviceTrialProcess.node.js', import.meta.url));

/** The reason is one line. */
export interface DeviceTrial {
  device: Device;
  works: boolean;
  reason?: string;
  needs?: string;
}

/** Compiles and runs a small graph on each device that this build of ONNX Runtime supports. */
export async function tryDevices() {
  const available = await availableDevices();
  return Promise.all(DEVICES.filter((device) => available.includes(device)).map((device) => tryDevice(device)));
}

/**
 * In a process of its own, which a broken driver may crash.
 * @param options.timeout milliseconds until the process is killed
 */
export async function tryDevice(device: Device, { script = PROCESS, timeout = TIMEOUT_MS } = {}): Promise<DeviceTrial> {
  const options = { timeout, killSignal: 'SIGKILL', windowsHide: true } as const;
  const reason = await new Promise<string | undefined>((resolve) => {
    execFile(process.execPath, [script, device], options, (error, output) => {
      const report = reportIn(output);
      if (report !== undefined && error === null) resolve(report.reason);
      else if (error?.killed) resolve(`no result within ${timeout / 1000} s`);
      else if (error?.signal) resolve(`the process crashed with ${error.signal}`);
      else resolve(`the process ended with status ${error?.code ?? 0} and without a result`);
    });
  });
  return reason === undefined
    ? { device, works: true }
    : { device, works: false, reason, needs: DEVICE_NEEDS[device]! };
}

/** Parses the last line. Drivers may print lines before it. */
function reportIn(output: string): { reason?: string } | undefined {
  try {
    const report = JSON.parse(output.trim().split('\n').at(-1)!) as unknown;
    return typeof report === 'object' && report !== null ? report : undefined;
  } catch {
    return undefined;
  }
}
