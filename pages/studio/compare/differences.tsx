/** The settings in which runs differ. */
import type { RunDetail } from '../../../src/studio/schemas.js';
import { settingText } from '../format.js';
import { explain, labelOf } from '../labels.js';

export function Differences({ details }: { details: readonly RunDetail[] }) {
  const shown = (detail: RunDetail, name: string): string => {
    const value = detail.configuration?.[name];
    return value === undefined ? '–' : settingText(value);
  };
  const names = [...new Set(details.flatMap(({ configuration }) => Object.keys(configuration ?? {})))];
  const differing = names.filter((name) => new Set(details.map((detail) => shown(detail, name))).size > 1);
  return (
    <section aria-labelledby="differences">
      <h2 id="differences">Differences in configuration</h2>
      {details.length > 0 && differing.length === 0 ? (
        <p class="meaning">All settings are equal.</p>
      ) : (
        <div class="card scrolling" tabIndex={0} role="region" aria-label="Differences">
          <table>
            <thead>
              <tr>
                <th scope="col">Setting</th>
                {details.map(({ summary: { id } }) => (
                  <th key={id} scope="col">
                    {id}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {differing.map((name) => (
                <tr key={name}>
                  <th scope="row" title={explain(name)}>
                    {labelOf(name)} <code class="meaning">{name}</code>
                  </th>
                  {details.map((detail) => (
                    <td key={detail.summary.id}>
                      <code>{shown(detail, name)}</code>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
