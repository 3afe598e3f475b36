/** The script of the home page: the samples that the page computes. */
import './site.js';
import '../css/home.css';
import { render } from 'preact';
import { Live } from './live.js';

const place = document.querySelector<HTMLElement>('#live')!;
const { faces, digits, mjs, wasm } = place.dataset;
const addressOf = (relative: string | undefined): string => new URL(relative!, document.baseURI).href;
const { connection } = navigator as { connection?: { saveData: boolean } };

function start(): void {
  const picture = place.querySelector('img')!;
  const models = [
    { name: 'Faces', address: addressOf(faces), picture: { src: picture.src, alt: picture.alt } },
    { name: 'Digits', address: addressOf(digits) },
  ] as const;
  const runtime = { wasmPaths: { mjs: addressOf(mjs), wasm: addressOf(wasm) } };
  const isAutomatic = connection?.saveData !== true;
  place.replaceChildren();
  render(<Live models={models} runtime={runtime} isAutomatic={isAutomatic} />, place);
}

// After the first paint: the page is complete without it.
if ('WebAssembly' in globalThis) addEventListener('load', () => requestAnimationFrame(() => setTimeout(start)));
