import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Raster } from '../../src/images/raster.js';
import { encodeVideo, requireFfmpeg } from '../../src/images/video.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

const frames = [10, 20, 30].map((level): Raster => ({
  width: 3,
  height: 2,
  channels: 1,
  data: new Uint8Array(6).fill(level),
}));
const animation = { frames, durations: [50, 50, 200] };

/** Puts a script in the place of ffmpeg. It runs in a folder of its own, which is returned. */
function fakeFfmpeg(script: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'ffmpeg'), `#!/bin/sh\ncd '${folder}'\n${script}\n`);
  chmodSync(join(folder, 'ffmpeg'), 0o755);
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);
  return folder;
}

/** Records the arguments and the standard input, and writes `video` to the last argument, a `file:` URL. */
const RECORD = `printf '%s\\n' "$@" > args; cat > input; for last; do :; done; printf video > "\${last#file:}"`;

afterEach(() => vi.unstubAllEnvs());

describe('encodeVideo', () => {
  it('passes raw frames to ffmpeg, a longer one repeatedly, and returns the file', async () => {
    const folder = fakeFfmpeg(RECORD);
    vi.stubEnv('TMPDIR', temporaryFolder());
    expect((await encodeVideo(animation)).toString()).toBe('video');
    const args = readFileSync(join(folder, 'args'), 'utf8').split('\n').join(' ');
    expect(args).toContain('-f rawvideo -pixel_format gray -framerate 20 -video_size 3x2 -i pipe:0');
    expect(args).toContain('-vf pad=ceil(iw/2)*2:ceil(ih/2)*2 -c:v libx264');
    expect(Array.from(readFileSync(join(folder, 'input')))).toEqual(
      [10, 20, 30, 30, 30, 30].flatMap((level) => new Array<number>(6).fill(level)),
    );
    expect(readdirSync(process.env.TMPDIR!)).toEqual([]);
  });

  it('enlarges frames, and passes RGB as such', async () => {
    const folder = fakeFfmpeg(RECORD);
    await encodeVideo(
      { frames: [{ width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) }], durations: [100] },
      2,
    );
    expect(readFileSync(join(folder, 'args'), 'utf8')).toContain('rgb24\n-framerate\n10\n-video_size\n2x2\n');
    expect(Array.from(readFileSync(join(folder, 'input')))).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
  });

  it('reports the last line of ffmpeg if it fails, also before it has read its input', async () => {
    fakeFfmpeg('echo first >&2; echo "Unknown encoder libx264" >&2; exit 1');
    const large = {
      ...animation,
      frames: frames.map((frame) => ({ ...frame, width: 3000, height: 2000, data: new Uint8Array(6_000_000) })),
    };
    await expect(encodeVideo(large)).rejects.toThrow('ffmpeg: cannot encode the video (Unknown encoder libx264)');
  });

  it('ends ffmpeg and rejects with the reason when it is aborted', async () => {
    const folder = fakeFfmpeg('echo $$ > pid; cat > /dev/null; exec sleep 60');
    vi.stubEnv('TMPDIR', temporaryFolder());
    const controller = new AbortController();
    const encoding = encodeVideo(animation, 1, controller.signal);
    await vi.waitFor(() => expect(readFileSync(join(folder, 'pid'), 'utf8')).toMatch(/\d+\n/), 5000);
    controller.abort(new Error('stopped'));
    await expect(encoding).rejects.toThrow('stopped');
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), 5000);
    expect(readdirSync(process.env.TMPDIR!)).toEqual([]);
  });

  it.skipIf(spawnSync('ffmpeg', ['-version']).status !== 0)(
    'writes an MP4 file of even size that ffmpeg decodes again',
    async () => {
      const folder = temporaryFolder();
      const gray = [0, 250].map((level): Raster => ({
        width: 31,
        height: 17,
        channels: 1,
        data: new Uint8Array(31 * 17).fill(level),
      }));
      const file = join(folder, 'video.mp4');
      writeFileSync(file, await encodeVideo({ frames: gray, durations: [100, 100] }));
      const { stdout } = spawnSync('ffmpeg', [
        '-loglevel',
        'error',
        '-i',
        file,
        '-f',
        'rawvideo',
        '-pix_fmt',
        'gray',
        '-',
      ]);
      expect(stdout).toHaveLength(2 * 32 * 18);
      expect([stdout[0]! < 10, stdout[32 * 18]! > 240]).toEqual([true, true]);
    },
  );
});

describe('requireFfmpeg', () => {
  it('rejects with what to install if ffmpeg is not found', async () => {
    vi.stubEnv('PATH', temporaryFolder());
    await expectInputError(() => requireFfmpeg(), 'ffmpeg: not found', 'apt install ffmpeg', '.webp or .gif');
    await expectInputError(() => encodeVideo(animation), 'ffmpeg: not found');
  });

  it('accepts an ffmpeg that runs', async () => {
    const folder = fakeFfmpeg('echo "$1" > args');
    await requireFfmpeg();
    expect(existsSync(join(folder, 'args'))).toBe(true);
  });
});
