/** The page of the studio. */
import { render } from 'preact';
import { keepFiles } from '../components/files.js';
import '../components/font.css';
import '../components/design.css';
import '../components/page.css';
import './studio.css';
import { App } from './app.js';

keepFiles();
const root = document.getElementById('app')!;
root.replaceChildren();
render(<App />, root);
