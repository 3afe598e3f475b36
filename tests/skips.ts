/**
 * Tests that a machine may be unable to run. Any other skipped test is a failure, because nobody notices a test that
 * never runs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface Skip {
  /** Beginning of the paths of the tests' files. */
  files: string;
  /** What the tests need. */
  reason: string;
  /** Whether this machine lacks it. */
  isMissing: () => boolean;
}

const lacks = (program: string, ...args: readonly string[]) => spawnSync(program, args).status !== 0;
const lacksChromium = () => !existsSync('/usr/bin/chromium');
const lacksPython = () => (process.env.AGENET_PYTHON ?? '') === '';

export const SKIPS: readonly Skip[] = [
  {
    files: 'tests/images/video.',
    reason: 'ffmpeg writes and reads videos',
    isMissing: () => lacks('ffmpeg', '-version'),
  },
  { files: 'tests/pages/', reason: 'Chromium shows the pages', isMissing: lacksChromium },
  {
    files: 'tests/integration/webgpu.',
    reason: 'WebGPU needs a Vulkan device, such as that of Chromium',
    isMissing: lacksChromium,
  },
  {
    files: 'tests/integration/mpirun.',
    reason: 'Open MPI starts several processes',
    isMissing: () => lacks('mpirun', '--version'),
  },
  { files: 'tests/cli/commands/import.', reason: 'PyTorch is compared with', isMissing: lacksPython },
  {
    files: 'tests/cli/commands/export.',
    reason: 'PyTorch and ONNX Runtime for Python are compared with',
    isMissing: lacksPython,
  },
  {
    files: 'tests/data/formats/npz.',
    reason: 'the zipfile of Python checks archives',
    isMissing: () => lacks('python3', '--version'),
  },
  { files: 'tests/data/imageFolder.', reason: 'root can read every folder', isMissing: () => process.getuid?.() === 0 },
  { files: 'tests/', reason: 'processes are observed through /proc', isMissing: () => process.platform !== 'linux' },
];

/** Returns why a test of a file may be skipped here; undefined if it must run. */
export const reasonToSkip = (file: string, skips: readonly Skip[] = SKIPS): string | undefined =>
  skips.find(({ files, isMissing }) => file.startsWith(files) && isMissing())?.reason;
