/** Names of folders in the studio's folder that contain no runs. */

/** The studio's own files. */
export const STUDIO_FOLDER = '.studio';
/** Uploaded data sets. */
export const UPLOADS = 'uploads';
