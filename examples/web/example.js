// SPDX-License-Identifier: Apache-2.0
// A page of twenty lines: an ordinary row of the model, encrypted here, answered there, read here.
import {connect, indexedDBStore} from './index.js'; // of blindsight-client, in the same folder

const answer = document.getElementById('answer');

document.getElementById('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    const token = document.getElementById('token').value;
    const model = await connect(location.origin, {token, model: 'wdbc'});
    await model.keys({store: indexedDBStore(), progress: ({stage}) => { answer.textContent = stage; }});
    const row = model.description.features.map((feature) => feature.usual);
    const {label, outputs} = await model.predict(row);
    answer.textContent = `${label} (${Array.from(outputs, (x) => x.toFixed(3)).join(', ')})`;
  } catch (error) {
    answer.textContent = error.message;
  }
});
