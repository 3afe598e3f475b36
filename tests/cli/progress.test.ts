import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { countingProgress, phaseProgress } from '../../src/cli/progress.js';
import { Terminal } from '../../src/cli/terminal.js';

/** A terminal whose standard error keeps what is written. */
function recorded(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text.replaceAll('\r\x1b[2K', '')) };
  return { terminal: new Terminal(false, stream, stream), written };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the progress of counted work', () => {
  it('is a bar with the remaining time on a terminal', () => {
    const { terminal, written } = recorded(true);
    const show = countingProgress(terminal, 'encoding images');
    vi.advanceTimersByTime(60_000);
    show(0, 1000);
    vi.advanceTimersByTime(3000);
    show(250, 1000);
    vi.advanceTimersByTime(9000);
    show(1000, 1000);
    expect(written).toEqual([
      'encoding images  [=====               ] 25%  9s left',
      'encoding images  [====================] 100%',
      '\n',
    ]);
  });

  it('is an occasional line elsewhere', () => {
    const { terminal, written } = recorded(false);
    const show = countingProgress(terminal, 'encoding images');
    for (let done = 0; done <= 30; done++) {
      show(done, 30);
      vi.advanceTimersByTime(1000);
    }
    expect(written).toEqual([
      'encoding images: 33%  20s left\n',
      'encoding images: 66%  10s left\n',
      'encoding images: 100%\n',
    ]);
  });

  it('is not shown for work that ends within a moment', () => {
    const { terminal, written } = recorded(true);
    const show = countingProgress(terminal, 'encoding images');
    show(1, 2);
    vi.advanceTimersByTime(150);
    show(2, 2);
    expect(written).toEqual([]);
  });

  it('begins again after its end', () => {
    const { terminal, written } = recorded(true);
    const show = countingProgress(terminal, 'scoring images');
    for (const done of [0, 2, 4, 0, 2]) {
      show(done, 4);
      vi.advanceTimersByTime(1000);
    }
    expect(written.filter((text) => text.includes('left'))).toEqual(
      Array(2).fill('scoring images  [==========          ] 50%  1s left'),
    );
  });

  it('measures the remaining time of each phase from its own start', () => {
    const { terminal, written } = recorded(true);
    const show = phaseProgress(terminal);
    show('images', 0, 4);
    vi.advanceTimersByTime(8000);
    show('images', 2, 4);
    show('images', 4, 4);
    show('samples', 0, 4);
    vi.advanceTimersByTime(1000);
    show('samples', 2, 4);
    expect(written.filter((text) => text !== '\n')).toEqual([
      'images  [==========          ] 50%  8s left',
      'images  [====================] 100%',
      'samples  [==========          ] 50%  1s left',
    ]);
  });
});
