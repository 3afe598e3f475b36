/** The images of the data whose codes are nearest to the selected code. */
import { useMemo } from 'preact/hooks';
import { nearestCodes } from '../../../src/model/codeSearch.js';
import { Tile } from '../../components/images.js';
import { codeAt, type EncodedData, imageAt, imageName } from './data.js';
import { DataMessage } from './dataMessage.js';
import type { DataPanelProps } from './panel.js';

const COUNT = 24;

export function Neighbors({ model, data, selected, isActive, onImage }: DataPanelProps) {
  const { encoded } = data;
  const neighbors = useMemo(
    () => (isActive && encoded && encoded.count > 0 && selected ? neighborsOf(selected.code, encoded) : undefined),
    [isActive, encoded, selected],
  );
  return (
    <section class="neighbors" aria-label="Neighbors">
      <p>Images of the data whose codes have the largest cosine with the selected code.</p>
      <DataMessage data={data} />
      <ol class="captioned" id="neighbors">
        {neighbors?.map(({ index, cosine, point }) => (
          <li key={index}>
            <Tile
              point={point}
              shape={model.info.shape}
              label={`${imageName(encoded!, index)}, cosine ${cosine.toFixed(3)}`}
              onSelect={() => onImage(encoded!, index)}
            />
            <span class="caption">{cosine.toFixed(3)}</span>
            <span class="caption">{classAt(encoded!, index)}</span>
          </li>
        ))}
      </ol>
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
    point: { code: codeAt(data, index), distance: 0, image: imageAt(data, index) },
  }));
}

const classAt = ({ labels, classNames }: EncodedData, index: number): string => {
  const label = labels?.[index];
  return label === undefined ? '' : (classNames?.[label] ?? `class ${label}`);
};
