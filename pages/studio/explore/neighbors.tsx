/** The images of the data whose codes are nearest to the selected code. */
import { useMemo } from 'preact/hooks';
import { nearestCodes } from '../../../src/model/codeSearch.js';
import { Tile } from '../../components/images.js';
import { fileName } from '../../components/files.js';
import { saveImages } from '../../components/imageGrid.js';
import { SaveMenu } from '../../components/saveMenu.js';
import { codeAt, type EncodedData, imageAt, imageName } from './data.js';
import { DataMessage, DataOffer } from './dataMessage.js';
import type { DataPanelProps } from './panel.js';

const COUNT = 24;

export function Neighbors({ model: { info }, data, explored, isActive, select, onFailure }: DataPanelProps) {
  const { encoded } = data;
  const selected = explored?.point;
  const neighbors = useMemo(
    () => (isActive && encoded && encoded.count > 0 && selected ? neighborsOf(selected.code, encoded) : undefined),
    [isActive, encoded, selected],
  );
  if (!encoded && data.offer !== undefined) return <DataOffer use="Neighbors need" command={data.offer} />;
  return (
    <section class="neighbors" aria-label="Neighbors">
      <p class="meaning">The images of the data whose codes are nearest to the selected one, with the cosine.</p>
      <DataMessage data={data} />
      <ol class="list tiles scroll" id="neighbors">
        {neighbors?.map(({ index, cosine, point }) => (
          <li key={index}>
            <Tile
              point={point}
              shape={info.shape}
              label={`${imageName(encoded!, index)}, cosine ${cosine.toFixed(3)}`}
              onSelect={() => select(codeAt(encoded!, index))}
            />
            <span class="caption ellipsis">{cosine.toFixed(3)}</span>
            <span class="caption ellipsis">{classAt(encoded!, index)}</span>
          </li>
        ))}
      </ol>
      <div class="toolbar">
        <SaveMenu
          label="Save grid"
          disabled={!neighbors}
          onFailure={onFailure}
          onSave={(format) =>
            saveImages(
              neighbors!.map(({ point }) => point.image),
              info.shape,
              format,
              fileName(info.name, `neighbors of ${selected!.name}`),
            )
          }
        />
      </div>
    </section>
  );
}

function neighborsOf(code: Float32Array, data: EncodedData) {
  const { indices, cosines } = nearestCodes(
    code,
    { data: data.codes, width: code.length },
    Math.min(COUNT, data.count),
  );
  return Array.from(indices, (index, rank) => ({
    index,
    cosine: cosines[rank]!,
    point: { ...codeAt(data, index), image: imageAt(data, index) },
  }));
}

const classAt = ({ labels, classNames }: EncodedData, index: number): string => {
  const label = labels?.[index];
  return label === undefined ? '' : (classNames?.[label] ?? `class ${label}`);
};
