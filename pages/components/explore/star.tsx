import type { NamedCode } from './explored.js';
import type { Favorites } from './favorites.js';

interface StarProps {
  /** Undefined until there is one. */
  code: NamedCode | undefined;
  favorites: Favorites;
  tabIndex?: 0 | -1;
  hasText?: boolean;
}

/** Keeps a code as a favorite, or removes it. */
export function Star({ code, favorites, tabIndex, hasText = false }: StarProps) {
  const isFavorite = code !== undefined && favorites.isFavorite(code);
  return (
    <button
      type="button"
      class="star"
      disabled={!code}
      aria-pressed={isFavorite}
      aria-label={`Favorite: ${code?.name ?? ''}`}
      title={isFavorite ? 'Remove from favorites' : 'Add to favorites'}
      tabIndex={tabIndex}
      onClick={() => favorites.toggle(code!)}
    >
      <span aria-hidden="true">{isFavorite ? '★' : '☆'}</span>
      {hasText && <span class="text">Favorite</span>}
    </button>
  );
}
