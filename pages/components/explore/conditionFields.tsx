/** The class or the attributes that the selected image is generated with. */
import { AttributeFields } from '../attributeFields.js';
import { ClassSelect } from '../classSelect.js';
import { type Choice, choiceOfCondition, conditionOfChoice } from '../conditions.js';
import type { ExplorePanelProps } from './panel.js';

/** Whether the model has any. */
export const hasConditionFields = ({ info: { condition } }: ExplorePanelProps['model']): boolean =>
  condition !== undefined && condition.classes.length + condition.attributes.length > 0;

export function ConditionFields({ model: { info }, explored, toolOf }: ExplorePanelProps) {
  const tool = toolOf<Choice>('condition');
  const choice = choiceOfCondition(info, explored?.point.condition);
  const change = (changes: Partial<Choice>): void => {
    const next = { ...choice, ...changes };
    if (!explored) return;
    const { code, distance } = explored.point;
    tool!.move({ code, distance, condition: conditionOfChoice(info, next) }, next, true);
  };
  return (
    <section class="conditions" aria-label="Condition">
      <p class="meaning">
        The same code with another {info.condition!.classes.length > 0 ? 'class' : 'attribute'}. Any that is not chosen
        stays open.
      </p>
      <ClassSelect
        id="selected-class"
        classes={info.condition!.classes}
        label={choice.label}
        onChange={(label) => change({ label })}
      />
      <AttributeFields
        attributes={info.condition!.attributes}
        chosen={choice.attributes}
        onChange={(attributes) => change({ attributes })}
      />
      <button
        type="button"
        class="quiet"
        disabled={explored?.point.condition === undefined}
        onClick={() => change({ label: null, attributes: {} })}
      >
        Choose none
      </button>
    </section>
  );
}
