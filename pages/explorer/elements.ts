/** Elements of the page. */
import type { Point } from './networks.js';
import { drawImage } from './pixels.js';

/** An element that index.html declares. */
export const find = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

export const create = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
  ...children: readonly Node[]
): HTMLElementTagNameMap[K] => {
  const created = Object.assign(document.createElement(name), properties);
  created.append(...children);
  return created;
};

/** Channels, height and width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

export function canvasOf(image: Float32Array, shape: ImageShape): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  drawImage(canvas, image, shape);
  return canvas;
}

/** A button with the image of a point. */
export function tileOf(point: Point, shape: ImageShape, label: string, onSelect: (point: Point) => void): HTMLButtonElement {
  const tile = create('button', { type: 'button', className: 'tile', ariaLabel: label, title: label }, canvasOf(point.image, shape));
  tile.addEventListener('click', () => onSelect(point));
  return tile;
}

/** Shows a message about the page; the next replaces it. */
export function report(message: string, failed = false): void {
  const status = find('status');
  status.textContent = message;
  status.classList.toggle('failed', failed);
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const reportFailure = (error: unknown): void => report(messageOf(error), true);
