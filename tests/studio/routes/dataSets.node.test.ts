import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { FolderLock } from '../../../src/runs/lock.node.js';
import type { ListedRun } from '../../../src/studio/schemas.js';
import { makeRun, type OpenedStudio, openStudio } from '../openStudio.js';

const runsOf = async ({ send }: OpenedStudio) => (await send('/api/runs')).json as ListedRun[];

describe('uploads', () => {
  const form = (files: readonly (readonly [name: string, bytes: Uint8Array])[]) => {
    const data = new FormData();
    for (const [name, bytes] of files) data.append('images', new Blob([Uint8Array.from(bytes)]), name);
    return data;
  };
  const send = async ({ url, token }: OpenedStudio, name: string, body: FormData | URLSearchParams) => {
    const response = await fetch(`http://localhost:${url.port}/api/data/${encodeURIComponent(name)}/images`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body,
    });
    return { status: response.status, json: (await response.json()) as { name?: string; message?: string } };
  };
  const upload = (studio: OpenedStudio, name: string, files: readonly (readonly [string, Uint8Array])[]) =>
    send(studio, name, form(files));
  const png = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: 'red' } })
      .png()
      .toBuffer();

  it('become data that runs can be started on, under names of their own', async () => {
    const studio = await openStudio();
    const image = await png(8, 8);
    const { json } = await upload(studio, 'faces', [
      ['../../evil.png', image],
      ['b.png', image],
    ]);
    expect(json).toEqual({ name: 'uploads/faces', upload: { name: 'faces', images: 2, bytes: 2 * image.length } });
    await upload(studio, 'faces', [['c.gif', await sharp(image).gif().toBuffer()]]);
    const names = ['000001.png', '000002.png', '000003.gif'];
    for (const name of names)
      expect(readFileSync(join(studio.folder, 'uploads', 'faces', name)).length).toBeGreaterThan(0);
    expect(((await studio.send('/api/data')).json as { name: string }[])[0]).toMatchObject({
      name: 'uploads/faces',
      upload: { name: 'faces', images: 3 },
    });
    const { command } = (await studio.post('/api/queue/check', { name: 'a', data: 'uploads/faces' })).json as {
      command: string;
    };
    expect(command).toBe(`npx agenet train ${studio.folder}/uploads/faces --out ${studio.folder}/a`);
  });

  it('are deleted unless a run uses them', async () => {
    const studio = await openStudio();
    await upload(studio, 'faces', [['a.png', await png(8, 8)]]);
    const folder = join(studio.folder, 'uploads', 'faces');
    const run = await makeRun(join(studio.folder, 'tiny'));
    writeFileSync(join(run, 'config.json'), JSON.stringify({ data: folder }));
    const lock = await FolderLock.take(run);
    expect((await runsOf(studio))[0]).toMatchObject({ data: 'uploads/faces', state: 'starting' });
    const remove = () => studio.send('/api/data/faces', { method: 'DELETE' });
    expect((await remove()).json).toMatchObject({ message: 'uploads/faces: tiny trains on it; stop that run first' });
    await lock.release();
    await runsOf(studio);
    expect((await remove()).status).toBe(204);
    expect(existsSync(folder)).toBe(false);
    expect((await remove()).status).toBe(404);
    mkdirSync(join(studio.folder, 'elsewhere'));
    symlinkSync(join(studio.folder, 'elsewhere'), folder);
    expect((await remove()).status).toBe(404);
    expect(existsSync(join(studio.folder, 'elsewhere'))).toBe(true);
  });

  it('of a form with too many parts, or without files, are rejected before they are parsed', async () => {
    const studio = await openStudio();
    const many = new FormData();
    for (let index = 0; index < 1002; index++) many.append('x', '');
    expect((await send(studio, 'x', many)).json.message).toBe('images: more than 1000 at a time; choose fewer files');
    expect((await send(studio, 'x', new URLSearchParams({ images: 'a' }))).json.message).toBe(
      'images: expected multipart/form-data with one boundary',
    );
  });

  it('that are no images, have too many pixels, or come in too large a request are refused, and nothing is stored', async () => {
    const studio = await openStudio();
    const image = await png(8, 8);
    const messages = [
      (
        await upload(studio, 'x', [
          ['a.png', image],
          ['a.svg', new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
        ])
      ).json.message,
      (
        await upload(studio, 'x', [
          ['a.png', image],
          ['b.png', new TextEncoder().encode('hello')],
        ])
      ).json.message,
      (await upload(studio, 'x', [['huge.png', await png(9000, 6000)]])).json.message,
      (
        await upload(studio, 'x', [
          ['a.png', image],
          ['empty.png', new Uint8Array()],
        ])
      ).json.message,
      (await upload(studio, 'x', [['', image]])).json.message,
    ];
    expect(messages).toEqual([
      'a.svg: not an image that can be uploaded; choose JPEG, PNG, WebP or GIF files',
      'b.png: not an image that can be uploaded; choose JPEG, PNG, WebP or GIF files',
      'huge.png: 9000x6000 has more than 50 million pixels',
      'empty.png: the file is empty; choose JPEG, PNG, WebP or GIF files',
      'files: expected 1 to 1000 images but got 0',
    ]);
    mkdirSync(join(studio.folder, 'uploads'));
    symlinkSync('/tmp', join(studio.folder, 'uploads', 'linked'));
    expect((await upload(studio, 'linked', [['a.png', image]])).json.message).toBe(
      'uploads/linked: a link has replaced this folder; put the folder back',
    );
    expect((await upload(studio, 'a/b', [['a.png', image]])).status).toBe(400);
    const huge = await studio
      .send('/api/data/x/images', {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=x', 'content-length': String(2 ** 30) },
      })
      .catch(() => ({ status: 413 }));
    expect(huge.status).toBe(413);
    expect((await studio.send('/api/data')).json).not.toContainEqual(
      expect.objectContaining({ upload: expect.anything() as unknown }),
    );
  });
});
