// Reads a CTF trace in a page: from a directory that the user picks, or from this server when the
// address says where (?trace=URL&files=metadata,stream). Nothing is uploaded; a window of each data
// stream is in memory at a time.

import { blobMedium, httpMedium, isEventRecord, openTraceFiles } from '@lockstep/ctf';

const output = document.querySelector('#output');

async function show(files) {
  const lines = [];
  const opened = await openTraceFiles(files);
  for await (const batch of opened.batches())
    for (const item of batch)
      if (isEventRecord(item)) lines.push(`${item.timeNs} ${item.eventRecordClass.name} ${toText(item.payload)}`);
  output.textContent = [`${lines.length} event records`, ...lines.slice(0, 1000)].join('\n');
}

/** 64-bit integers are bigints, which JSON has not. */
function toText(payload) {
  return JSON.stringify(payload, (_name, value) => (typeof value === 'bigint' ? String(value) : value));
}

function showErrors(work) {
  work.catch((error) => (output.textContent = `this cannot be read: ${error.message}`));
}

document.querySelector('#directory').addEventListener('change', ({ target }) => {
  showErrors(show([...target.files].map((file) => ({ path: file.webkitRelativePath, medium: blobMedium(file) }))));
});

const address = new URLSearchParams(location.search);
if (address.has('trace')) {
  const media = address
    .get('files')
    .split(',')
    .map(async (path) => ({ path, medium: await httpMedium(`${address.get('trace')}/${path}`) }));
  showErrors(Promise.all(media).then(show));
}
