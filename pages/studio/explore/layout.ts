/** The layout of the map. */
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.js';
import type { MapMethod } from '../../../src/model/codeMap.js';
import { nearestCodes } from '../../../src/model/codeSearch.js';
import { projectOnComponents } from '../../../src/numerics/principalComponents.js';
import { Requests } from '../../../src/web/requests.js';
import { openWorker } from '../workers.js';
import type { EncodedData } from './data.js';
import type { Layout, LayoutProgress, LayoutRequest } from './layoutProtocol.js';

/** A layout in the unit square. */
export interface MapLayout {
  method: MapMethod;
  /** Coordinates [N, 2] in 0..1, from the top left. */
  points: Float64Array;
  /** Returns the coordinates of any code [M]. UMAP has only those of images, so the nearest image takes its place. */
  locate: (code: Float32Array) => readonly [number, number];
}

export type LayoutState = { layout: MapLayout } | { layout?: undefined; message: string; isFailure: boolean };

/** The free part of the square at each side. */
const MARGIN = 0.05;

/** Computes a layout in a worker, once the data are encoded. Earlier layouts are kept. */
export function useLayout(data: EncodedData | undefined, method: MapMethod, latent: number): LayoutState {
  const [state, setState] = useState<LayoutState>({ message: '', isFailure: false });
  const [known, setKnown] = useState(new Map<MapMethod, MapLayout>());
  useEffect(() => setKnown(new Map()), [data]);
  useEffect(() => {
    if (!data) return;
    const before = known.get(method);
    if (before) return setState({ layout: before });
    if (data.count < 2) return setState({ message: 'A map needs at least 2 images.', isFailure: false });
    setState({ message: 'Computing the map…', isFailure: false });
    const requests = new Requests<LayoutRequest, Layout, LayoutProgress>(
      openWorker('layout'),
      'layout',
      ({ done, total }) => setState({ message: `UMAP: epoch ${done} of ${total}`, isFailure: false }),
    );
    let isCurrent = true;
    requests
      .send({ method, codes: data.codes, latent })
      .then((answer) => {
        const layout = mapLayout(method, answer, data, latent);
        known.set(method, layout);
        if (isCurrent) setState({ layout });
      })
      .catch((error: unknown) => isCurrent && setState({ message: messageOf(error), isFailure: true }))
      .finally(() => requests.stop());
    return () => {
      isCurrent = false;
      requests.stop();
    };
  }, [data, method]);
  return state;
}

function mapLayout(method: MapMethod, { points, components }: Layout, data: EncodedData, latent: number): MapLayout {
  const fit = fitSquare(points);
  const located = Float64Array.from(points, (value, index) => fit(value, index % 2));
  return {
    method,
    points: located,
    locate: (code) => {
      if (components) {
        const [x, y] = projectOnComponents({ data: code, width: latent }, components);
        return [fit(x!, 0), fit(y!, 1)];
      }
      const row = nearestCodes(code, { data: data.codes, width: latent }, 1).indices[0]!;
      return [located[2 * row]!, located[2 * row + 1]!];
    },
  };
}

/**
 * Returns the function that maps a coordinate along an axis (0 or 1, upwards) into the unit square. Both axes have the
 * same scale.
 */
function fitSquare(points: Float64Array): (value: number, axis: number) => number {
  const [low, high] = [
    [Infinity, Infinity],
    [-Infinity, -Infinity],
  ];
  points.forEach((value, index) => {
    low[index % 2] = Math.min(low[index % 2]!, value);
    high[index % 2] = Math.max(high[index % 2]!, value);
  });
  const extent = Math.max(high[0]! - low[0]!, high[1]! - low[1]!) || 1;
  return (value, axis) => {
    const offset = ((1 - 2 * MARGIN) * (value - (low[axis]! + high[axis]!) / 2)) / extent;
    return 0.5 + (axis === 0 ? offset : -offset);
  };
}
