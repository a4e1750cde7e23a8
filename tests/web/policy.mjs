// SPDX-License-Identifier: Apache-2.0
// What csp_evaluator says of the policy in a file: nothing is worth more than a remark.
import {readFileSync} from 'node:fs';
import {CspEvaluator} from 'csp_evaluator/dist/evaluator.js';
import {CspParser} from 'csp_evaluator/dist/parser.js';
import {Severity} from 'csp_evaluator/dist/finding.js';

const text = readFileSync(process.argv[2], 'utf8').trim();
if (text === '') throw new Error('there is no policy');
const findings = new CspEvaluator(new CspParser(text).csp).evaluate()
  // Possibly and below: opinions on what may be elsewhere ('self' with JSONP, which is not here).
  .filter((finding) => finding.severity < Severity.MEDIUM_MAYBE);
for (const finding of findings) console.log(`${finding.severity} ${finding.directive} ${finding.value ?? ''}: ${finding.description}`);
process.exit(findings.length === 0 ? 0 : 1);
