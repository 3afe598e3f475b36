/** The texts of the setting `condition`. Without graphs, so that help loads quickly. */
export const CONDITION_SYNTAX = 'none, class, attributes:FILE, gray, mask, small:SIDE';

/** Those that need no file; `small` has the side of the small picture as its argument. */
export const CONDITIONS = {
  none: 'none',
  class: 'class of the image',
  gray: 'gray: colorize',
  mask: 'mask: fill holes',
  small: 'small: add detail',
} as const;

export const ATTRIBUTES = 'attributes:';

/** Returns the path of the table of attributes that a configuration names, if it does. */
export const attributesFile = ({ condition }: { condition: string }): string | undefined =>
  condition.startsWith(ATTRIBUTES) ? condition.slice(ATTRIBUTES.length) : undefined;
