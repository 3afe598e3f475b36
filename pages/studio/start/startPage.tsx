/** The form that starts a run: data, preset and every option of `agenet train`. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.js';
import type { FieldValues, Plan, TrainingForm, TrainingRequest } from '../../../src/studio/schemas.js';
import { addressOf } from '../address.js';
import { checkTraining, planTraining, readForm, RequestError, startTraining } from '../api.js';
import type { ViewProps } from '../app.js';
import { DataChoice } from './dataChoice.js';
import { FieldGroup } from './fields.js';
import { PlanView } from './planView.js';

/** Milliseconds without a change until the options are checked. */
const PAUSE_MS = 300;

/** Groups that are open at first. */
const OPEN_GROUPS: readonly string[] = ['Training'];

interface Problem {
  readonly message: string;
  readonly field?: string | undefined;
}

export function StartPage({ query, runs, onFailure }: ViewProps) {
  const form = useForm(onFailure);
  const fork = forkOf(query);
  const [data, setData] = useState(fork ? (runs.get(fork.run)?.data ?? 'mnist') : 'mnist');
  const [name, setName] = useState<string>();
  const [fields, setFields] = useState<FieldValues>({});
  const [plan, setPlan] = useState<Plan | 'computing'>();
  const [isStarting, setIsStarting] = useState(false);
  const shownName = name ?? freeName(data, Array.from(runs.keys()));
  const training: TrainingRequest = { name: shownName, data, fields, ...(fork ? { fork } : {}) };
  const { command, problem, setProblem } = useCheck(training);

  const change = (field: string, value: string | number | boolean | undefined): void => {
    const { [field]: _, ...others } = fields;
    setFields(value === undefined ? others : { ...others, [field]: value });
    setPlan(undefined);
  };
  const refuse = (error: unknown): void => setProblem(problemOf(error));
  const showPlan = (): void => {
    setPlan('computing');
    planTraining(training).then(setPlan, (error: unknown) => {
      setPlan(undefined);
      refuse(error);
    });
  };
  const start = (): void => {
    setIsStarting(true);
    startTraining(training)
      .then(() => void (location.hash = addressOf('run', shownName)))
      .catch(refuse)
      .finally(() => setIsStarting(false));
  };
  return (
    <form
      class="start"
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      <h1>{fork ? `Fork of ${fork.run}` : 'Start a run'}</h1>
      {fork && (
        <p class="meaning">
          Begins with the weights of {fork.run} after iteration {fork.step}, and with its settings unless you change them here.
        </p>
      )}
      <DataChoice
        data={data}
        onData={(next) => {
          setData(next);
          setPlan(undefined);
        }}
      />
      <div class="field">
        <label for="run-name">Name of the run</label>
        <input id="run-name" value={shownName} aria-invalid={problem?.field === 'name'} onInput={({ currentTarget }) => setName(currentTarget.value)} />
      </div>
      {form && <PresetChoice form={form} value={fields.preset} onChange={(value) => change('preset', value)} />}
      {form?.groups
        .map((group) => ({ ...group, fields: group.fields.filter((field) => field.name !== 'preset') }))
        .filter((group) => group.fields.length > 0)
        .map((group) => (
          <FieldGroup key={group.title} group={group} isOpen={OPEN_GROUPS.includes(group.title)} values={fields} problem={problem} onChange={change} />
        ))}
      <div class="start-summary">
        <p id="problem" role="alert" class="failed">
          {problem?.message}
        </p>
        <CommandLine command={command} />
        <div class="buttons">
          <button type="button" id="plan" disabled={problem !== undefined || plan === 'computing'} onClick={showPlan}>
            {plan === 'computing' ? 'Timing two iterations…' : 'Show the plan'}
          </button>
          <button type="submit" id="start" class="primary" disabled={problem !== undefined || isStarting}>
            Start
          </button>
        </div>
        {plan && plan !== 'computing' && <PlanView plan={plan} />}
      </div>
    </form>
  );
}

function useForm(onFailure: (error: unknown) => void): TrainingForm | undefined {
  const [form, setForm] = useState<TrainingForm>();
  useEffect(() => void readForm().then(setForm, onFailure), []);
  return form;
}

/** Checks a training after a pause, as the command line would. */
function useCheck(training: TrainingRequest) {
  const [command, setCommand] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const latest = useRef(0);
  const text = JSON.stringify(training);
  useEffect(() => {
    const number = ++latest.current;
    const timer = setTimeout(() => {
      checkTraining(JSON.parse(text) as TrainingRequest).then(
        (checked) => {
          if (number !== latest.current) return;
          setCommand(checked.command);
          setProblem(undefined);
        },
        (error: unknown) => number === latest.current && setProblem(problemOf(error)),
      );
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return { command, problem, setProblem };
}

const problemOf = (error: unknown): Problem => ({
  message: messageOf(error),
  field: error instanceof RequestError ? error.field?.replace(/^fields\./u, '') : undefined,
});

function PresetChoice({
  form,
  value,
  onChange,
}: {
  form: TrainingForm;
  value: string | number | boolean | undefined;
  onChange: (value: string | undefined) => void;
}) {
  const chosen = form.presets.find(({ name }) => name === value);
  return (
    <div class="field">
      <label for="preset">Preset</label>
      <select id="preset" value={String(value ?? '')} onChange={({ currentTarget }) => onChange(currentTarget.value === '' ? undefined : currentTarget.value)}>
        <option value="">the default recipe</option>
        {form.presets.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <p class="meaning">{chosen?.description ?? 'The recipe that tuning found: images, reconstructions, features and uniform codes at once.'}</p>
    </div>
  );
}

function CommandLine({ command }: { command: string }) {
  const [isCopied, setIsCopied] = useState(false);
  const copy = (): void =>
    void navigator.clipboard.writeText(command).then(
      () => setIsCopied(true),
      () => undefined,
    );
  return (
    <div class="command">
      <code id="command">{command || 'npx agenet train …'}</code>
      <button type="button" onClick={copy}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}

function forkOf(query: string): TrainingRequest['fork'] {
  const values = new URLSearchParams(query);
  const [run, step] = [values.get('fork'), Number(values.get('step'))];
  return run !== null && Number.isInteger(step) ? { run, step } : undefined;
}

/** Returns `mnist-1`, or the first number that is free. */
function freeName(data: string, taken: readonly string[]): string {
  const base =
    data
      .replace(/\/+$/u, '')
      .split(/[/:]/u)
      .at(-1)!
      .replaceAll(/[^\p{L}\p{N}_.-]/gu, '-') || 'images';
  for (let number = 1; ; number++) if (!taken.includes(`${base}-${number}`)) return `${base}-${number}`;
}
