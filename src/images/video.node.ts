import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InputError } from '../errors.js';
import { enlarge } from './drawing.js';
import type { Animation } from './frames.js';

export const requireFfmpeg = () => runFfmpeg(['-version']);

/**
 * Encodes an animation as MP4 (H.264).
 * @throws {InputError} if ffmpeg is not found
 * @throws the signal's reason if it is aborted
 */
export async function encodeVideo(animation: Animation, scale = 1, signal?: AbortSignal): Promise<Buffer> {
  const [first] = animation.frames;
  if (first === undefined) throw new Error('video: no frames');
  // ffmpeg can write the index that players need to a file only.
  const folder = await mkdtemp(join(tmpdir(), 'agenet-video-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  try {
    const file = join(folder, 'video.mp4');
    const [width, height] = [first.width * scale, first.height * scale];
    const pixels = first.channels === 1 ? 'gray' : 'rgb24';
    const fps = 1000 / Math.min(...animation.durations);
    const input = `-f rawvideo -pixel_format ${pixels} -framerate ${fps} -video_size ${width}x${height} -i pipe:0`;
    // H.264 with colors at half resolution requires an even width and height.
    const filter =
      '-vf pad=ceil(iw/2)*2:ceil(ih/2)*2 -c:v libx264 -crf 18 -pix_fmt yuv420p -movflags +faststart -f mp4';
    const args = `-hide_banner -loglevel error ${input} ${filter}`.split(' ');
    await runFfmpeg([...args, `file:${file}`], rawFrames(animation, scale), signal);
    return await readFile(file);
  } finally {
    process.off('exit', removeFolder);
    removeFolder();
  }
}

/** Repeats frames that are shown longer. */
function* rawFrames({ frames, durations }: Animation, scale: number): Generator<Uint8Array> {
  const shortest = Math.min(...durations);
  for (const [index, frame] of frames.entries()) {
    const { data } = enlarge(frame, scale);
    for (let repeat = Math.round(durations[index]! / shortest); repeat > 0; repeat--) yield data;
  }
}

async function runFfmpeg(args: readonly string[], input: Iterable<Uint8Array> = [], signal?: AbortSignal) {
  const child = spawn('ffmpeg', args, {
    stdio: ['pipe', 'ignore', 'pipe'],
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  });
  let report = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (report += text));
  try {
    // If it ends early, its status says more than the broken pipe.
    const written = pipeline(Readable.from(input), child.stdin).catch(() => undefined);
    const [[status]] = (await Promise.all([once(child, 'close'), written])) as [[number | null], unknown];
    const lastLine = report.trim().split('\n').at(-1)!.trim();
    if (status !== 0)
      throw new Error(`ffmpeg: cannot encode the video (${lastLine === '' ? `exit status ${status}` : lastLine})`);
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new InputError(
      'ffmpeg',
      'not found, but required for .mp4',
      'install it, e.g. with apt install ffmpeg, or write a .webp or .gif file',
    );
  }
}
