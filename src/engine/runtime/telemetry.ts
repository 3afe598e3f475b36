/**
 * Switches off the telemetry of ONNX Runtime. From version 1.30 on its Linux library stores a device identifier and a database in the user's
 * cache, writes `mat-debug-PID.log` into the folder for temporary files, and uploads events. The library reads the variable when it creates
 * its environment, so every file that imports the runtime imports this file first. A variable that the user set is kept.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
