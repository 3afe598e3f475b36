/** The address of the font in a bundle of Vite. */
export const fontOf = (fileNames) => fileNames.find((name) => name.endsWith('.woff2'));

/** Loads the font with the page, because it is used only if it is there at the first paint. */
export function fontPreload() {
  return {
    name: 'font-preload',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (_, { bundle }) => [
        {
          tag: 'link',
          attrs: {
            rel: 'preload',
            as: 'font',
            type: 'font/woff2',
            href: `./${fontOf(Object.keys(bundle))}`,
            crossorigin: '',
          },
          injectTo: 'head-prepend',
        },
      ],
    },
  };
}
