/** The playground, built once per test file and opened in Chromium. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { launch, serve, type StaticHost } from './browser.js';

/** Compiling takes seconds on a busy machine. */
export const poll: typeof expect.poll = (read) => expect.poll(read, { timeout: 60_000 });

/** Waits until the networks are compiled. */
export const ready = (page: Page) =>
  page.waitForFunction(() => document.querySelector<HTMLButtonElement>('#step')?.disabled === false);
export const iteration = async (page: Page) => Number((await page.textContent('#iteration'))?.replaceAll(',', ''));
/** Waits until so many iterations are done. */
export const untilIteration = (page: Page, least: number) => poll(() => iteration(page)).toBeGreaterThanOrEqual(least);
export const named = (page: Page, name: string) => page.getByLabel(name, { exact: true });

/**
 * Builds the site before the tests of a file.
 * @param folder where
 */
export function usePlayground(folder: string) {
  const site = join(folder, 'site');
  let browser: Browser;
  let host: StaticHost;

  beforeAll(async () => {
    const environment = { ...process.env, NODE_ENV: 'production' };
    execFileSync('npm', ['run', '--silent', 'build:playground', '--', '--logLevel', 'error', '--outDir', site], {
      env: environment,
    });
    // Any path of any host.
    host = await serve({ 'some/path/': site });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    host?.close();
  });

  const addressOf = (path: string): string => `${host.address}some/path/${path}`;

  /**
   * Opens a page. Fails on errors, violations of the policy, and requests of anything outside the site.
   * @param prepare before the page is loaded
   */
  async function open(
    path: string,
    options: BrowserContextOptions = {},
    prepare: (page: Page) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1000, height: 800 }, ...options });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on(
      'request',
      (request) =>
        /^(blob:|data:)/u.test(request.url()) ||
        request.url().startsWith(addressOf('')) ||
        problems.push(request.url()),
    );
    await prepare(page);
    await page.goto(addressOf(path));
    onTestFinished(async () => {
      await context.close();
      expect(problems).toEqual([]);
    });
    return page;
  }

  return { site, addressOf, open };
}
