// SPDX-License-Identifier: Apache-2.0
// What csp_evaluator says of the policy in a file, whatever its weight.
import {readFileSync} from 'node:fs';
import {CspEvaluator} from 'csp_evaluator/dist/evaluator.js';
import {CspParser} from 'csp_evaluator/dist/parser.js';
import {Severity} from 'csp_evaluator/dist/finding.js';

const text = readFileSync(process.argv[2], 'utf8').trim();
if (text === '') throw new Error('there is no policy');
// Opinions that are looked at one by one, each with why it is so; whatever else comes is a finding.
const known = new Map([
  ["script-src 'self'", "'self' is unsafe where a host answers JSONP, uploads or Angular: this one answers the " +
    'files of one folder, listed at its start'],
]);
const findings = new CspEvaluator(new CspParser(text).csp).evaluate().filter(({severity}) => severity !== Severity.NONE);
const left = findings.filter(({directive, value}) => !known.has(`${directive} ${value}`));
for (const {severity, directive, value, description} of left) console.log(`${severity} ${directive} ${value ?? ''}: ${description}`);
console.log(`${findings.length} said, ${findings.length - left.length} known`);
process.exit(left.length === 0 ? 0 : 1);
