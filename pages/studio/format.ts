/** Numbers, times and names as text. */
export const formatNumber = (value: number): string =>
  Number.isInteger(value)
    ? value.toLocaleString('en')
    : Math.abs(value) >= 1000
      ? Math.round(value).toLocaleString('en')
      : value.toPrecision(3);

/** The value of a setting. An object, such as `{ epochs: 10 }`, is `10 epochs`. */
export function settingText(value: unknown): string {
  if (typeof value === 'string') return value;
  const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const [[unit, count] = []] = entries;
  return entries.length === 1 && typeof count === 'number' ? `${formatNumber(count)} ${unit}` : JSON.stringify(value);
}

export const formatBytes = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;

/** `2 h 05 min`, `3 min`, `12 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Without the year if it is this one. */
export function formatTime(time: string | number): string {
  const date = new Date(time);
  const year = date.getFullYear() === new Date().getFullYear() ? {} : ({ year: 'numeric' } as const);
  return date.toLocaleString('en', { ...year, month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' });
}

/** The name of data: uploaded data is shown without its folder. */
export const dataName = (spec: string): string => spec.replace(/^uploads\//u, '');
