/** The studio: runs that are started, watched, steered and explored. */
import { render } from 'preact';
import { keepFiles } from '../components/files.js';
import '../components/page.css';
import './studio.css';
import { App } from './app.js';

keepFiles();
const root = document.getElementById('app')!;
// The title of the document is shown until here.
root.replaceChildren();
render(<App />, root);
