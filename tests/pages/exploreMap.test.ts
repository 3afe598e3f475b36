import { describe, expect, it } from 'vitest';
import type { MapLayout } from '../../pages/studio/explore/layout.js';
import { placeThumbnails, toCanvas, toMap } from '../../pages/studio/explore/mapDrawing.js';
import { panBy, zoomAt } from '../../pages/studio/explore/mapGestures.js';
import { formatSettings, MAX_ZOOM, parseSettings, WHOLE_MAP } from '../../pages/components/explore/settings.js';
import { randomStream } from '../../src/random.js';
import { expectWithin } from '../expectWithin.js';

describe('the address of the explored model', () => {
  it('contains what differs from the defaults', () => {
    expect(formatSettings(parseSettings(''))).toBe('');
    const query =
      'tab=images&tool=map&seed=3&where=beard%3Dfull%26fatness%3D0.8&truncation=0.5&layout=umap&view=0.25+0.5+4';
    expect(formatSettings(parseSettings(query))).toBe(query);
    expect(formatSettings(parseSettings('seed=4'), 'step=500&seed=3&tab=images&tool=map')).toBe('step=500&seed=4');
    expect(parseSettings('tab=constructor&tool=x&seed=-1&truncation=9&layout=x&view=2 0 9')).toEqual(parseSettings(''));
  });
});

describe('the view of a map', () => {
  const area = { width: 400, height: 300 };
  const expectPair = (found: readonly [number, number], expected: readonly [number, number]): void =>
    found.forEach((value, axis) => expectWithin(value, expected[axis]!, 1e-9));

  it('shows the whole map in the shorter side', () => {
    expectPair(toCanvas(area, WHOLE_MAP, [0, 0]), [50, 0]);
    expectPair(toCanvas(area, WHOLE_MAP, [1, 1]), [350, 300]);
    expectPair(toMap(area, WHOLE_MAP, [200, 150]), [0.5, 0.5]);
  });

  it('zooms at a point, which stays where it is, and moves with the pointer', () => {
    const [position, pointed] = [[120, 90] as const, toMap(area, WHOLE_MAP, [120, 90])];
    const zoomed = zoomAt(area, WHOLE_MAP, position, 3);
    expect(zoomed.zoom).toBe(3);
    expectPair(toCanvas(area, zoomed, pointed), position);
    expectPair(toCanvas(area, panBy(area, zoomed, [10, -20]), pointed), [130, 70]);
  });

  it('stays on the map', () => {
    expect(zoomAt(area, WHOLE_MAP, [0, 0], 1e9).zoom).toBe(MAX_ZOOM);
    expect(zoomAt(area, { x: 0.1, y: 0.9, zoom: 2 }, [0, 0], 0.1)).toEqual(WHOLE_MAP);
    const far = panBy(area, { x: 0.5, y: 0.5, zoom: 4 }, [-1e6, 1e6]);
    expect([far.x, far.y]).toEqual([1, 0]);
  });

  it('has thumbnails that do not overlap, and more of them when it is zoomed', () => {
    const stream = randomStream(1, 'points of a map');
    const points = Float64Array.from({ length: 2 * 300 }, () => stream.uniform());
    const layout: MapLayout = { method: 'pca', points, locate: () => [0, 0] };
    const placed = placeThumbnails(layout, area, 1);
    expect(placed[0]).toBe(0);
    expect(placed.length).toBeGreaterThan(20);
    for (const a of placed) {
      for (const b of placed.filter((other) => other > a)) {
        const [right, down] = [0, 1].map((axis) => 300 * Math.abs(points[2 * a + axis]! - points[2 * b + axis]!));
        expect(Math.max(right!, down!)).toBeGreaterThan(24);
      }
    }
    expect(placeThumbnails(layout, area, 4).length).toBeGreaterThan(placed.length);
    expect(placeThumbnails(layout, area, MAX_ZOOM).length).toBeGreaterThan(290);
  });
});
