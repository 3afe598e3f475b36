/** The visitor's images, reconstructed, or completed by models that fill holes. */
import { Completions } from './completions.js';
import { fillsHoles } from './conditions.js';
import type { Favorites } from './explore/favorites.js';
import { Reconstructions, type ReconstructionsProps } from './reconstructions.js';

export const VisitorImages = (props: ReconstructionsProps & { favorites?: Favorites }) =>
  fillsHoles(props.model) ? <Completions {...props} /> : <Reconstructions {...props} />;
