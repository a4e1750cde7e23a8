// SPDX-License-Identifier: Apache-2.0
// A private prediction from Node: node predict.mjs URL, with the token in TOKEN.
import {connect, fileStore} from 'blindsight-client';

const model = await connect(process.argv[2], {token: process.env.TOKEN});
const keys = await model.keys({store: fileStore('me.key')});
console.log(`${model.description.features.length} features, ${model.description.securityBits} bits;`,
  keys.made ? 'new keys,' : 'keys as before,', keys.sent, 'bytes sent');

const row = [17.99, 10.38, 122.8, 1001, 0.1184, 0.2776, 0.3001, 0.1471, 0.2419, 0.07871, 1.095, 0.9053,
  8.589, 153.4, 0.006399, 0.04904, 0.05373, 0.01587, 0.03003, 0.006193, 25.38, 17.33, 184.6, 2019,
  0.1622, 0.6656, 0.7119, 0.2654, 0.4601, 0.1189];
const wild = Object.assign([...row], {3: 1e6});
const [one, other] = await model.predict([row, wild]);
console.log(one.state, one.label, one.outputs);
console.log(other.state, other.label, other.reason);
