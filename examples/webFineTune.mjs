const worker = new Worker(new URL('./webFineTuneWorker.mjs', import.meta.url), { type: 'module' });
const [output, link] = [document.createElement('output'), document.createElement('a')];
document.body.append(output, link);

worker.onmessage = ({ data: { step, loss, file } }) => {
  if (file === undefined) output.value = `step ${step}: loss ${loss.toFixed(3)}`;
  else link.href = URL.createObjectURL(new Blob([file], { type: 'application/octet-stream' }));
};
Object.assign(link, { download: 'digits.onnx', textContent: 'Download the trained model' });
