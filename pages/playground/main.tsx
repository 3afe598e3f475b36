/** The playground: three pages, each loaded when it is opened. */
import { render } from 'preact';
import { keepFiles } from '../components/files.js';
import '../components/font.css';
import '../components/design.css';
import '../components/page.css';
import './playground.css';
import { App } from './app.js';

keepFiles();
render(<App />, document.getElementById('app')!);
// Development has no service worker, which would hide changes.
if (import.meta.env.PROD && 'serviceWorker' in navigator)
  void navigator.serviceWorker.register('./offline.js').catch(() => undefined);
