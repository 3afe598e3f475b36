/** Names in the folder of the studio. */

/** Files of the studio itself. */
export const STUDIO_FOLDER = '.studio';
/** Uploaded data sets, which contain no runs. */
export const UPLOADS = 'uploads';
