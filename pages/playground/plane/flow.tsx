/** The two networks, what flows between them, and which one learns now. */
import type { NetworkName } from '../../../src/networks/network.js';
import { TERM_COLORS } from './arrows.js';
import type { PlaneFrame, Which } from './protocol.js';
import { type PushTerm, TERM_WORDS } from './terms.js';

const NAMES: Record<NetworkName, [name: string, symbol: string]> = {
  encoder: ['Encoder', 'e'],
  generator: ['Generator', 'g'],
};

interface FlowProps {
  frame: PlaneFrame | undefined;
  running: Which | undefined;
  prior: 'circle' | 'sphere';
  /** Updates one network (default: a visitor cannot). */
  onStep: ((network: NetworkName) => void) | undefined;
  canStep: boolean;
}

/** Data flow to the right above, samples to the left below: each path goes through both networks. */
export function Flow({ frame, running, prior, onStep, canStep }: FlowProps) {
  const learning = frame?.moved ?? running;
  const network = (name: NetworkName) => {
    const [title, symbol] = NAMES[name];
    const updates = frame?.updates[name] ?? 0;
    return (
      <div class={`network ${name} ${learning === name || learning === 'both' ? 'learning' : ''}`}>
        <span>
          <strong>{title}</strong> <i>{symbol}</i>
        </span>
        <span class="updates">
          <span id={`${name}-updates`}>{updates.toLocaleString('en')}</span> {updates === 1 ? 'update' : 'updates'}
        </span>
        {onStep && running === undefined ? (
          <button
            id={`step-${name}`}
            type="button"
            title={`Update the ${name} only`}
            disabled={!canStep}
            onClick={() => onStep(name)}
          >
            Update once
          </button>
        ) : (
          <span class="state">{stateOf(learning, name, updates)}</span>
        )}
      </div>
    );
  };
  return (
    <section class="flow card" aria-label="The two networks">
      <p class="hidden">
        Data x go through the encoder to codes e(x) on the {prior}, and through the generator to reconstructions
        g(e(x)). Points z of the {prior} go through the generator to samples g(z), and through the encoder to codes
        e(g(z)).
      </p>
      <Node lane="data" at="start" symbol="x" name="data" terms={[]} />
      {network('encoder')}
      <Node lane="data" symbol="e(x)" name="codes of data" isCode terms={['KL_real']} />
      {network('generator')}
      <Node lane="data" at="end" symbol="g(e(x))" name="reconstructions" terms={['match_x']} />
      <Node lane="samples" at="start" symbol="e(g(z))" name="codes of samples" isCode terms={['KL_fake', 'match_z']} />
      <Node lane="samples" symbol="g(z)" name="samples" terms={[]} />
      <Node lane="samples" at="end" symbol="z" name={`on the ${prior}`} isCode terms={[]} />
    </section>
  );
}

function stateOf(learning: Which | undefined, name: NetworkName, updates: number): string {
  if (learning === name || learning === 'both') return 'learning';
  if (learning !== undefined) return 'held fixed';
  return updates === 0 ? 'untrained' : 'paused';
}

interface NodeProps {
  lane: 'data' | 'samples';
  /** Nothing is on the left of the start, or on the right of the end. */
  at?: 'start' | 'end';
  symbol: string;
  name: string;
  /** Whether it is a point of the circle or the sphere rather than of the plane. */
  isCode?: boolean;
  /** Terms of the losses that are computed from it. */
  terms: readonly PushTerm[];
}

function Node({ lane, at, symbol, name, isCode = false, terms }: NodeProps) {
  return (
    <div class={`node ${lane}`}>
      {at !== 'start' && <span class="wire" aria-hidden="true" />}
      <span class={isCode ? 'mark code' : 'mark'} aria-hidden="true" />
      <span class="what">
        {name} <i>{symbol}</i>
        <span class="terms meaning">
          {terms.map((term) => (
            <span key={term} title={`${term}: ${TERM_WORDS[term].does}`}>
              <span class="swatch" style={{ background: `var(${TERM_COLORS[term]})` }} /> {TERM_WORDS[term].result}
            </span>
          ))}
        </span>
      </span>
      {at !== 'end' && <span class="wire" aria-hidden="true" />}
    </div>
  );
}
