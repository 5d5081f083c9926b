// What `cdk diff` does with two templates that it has read: compare them, and print the result.
const fs = require('fs');
const { formatDifferences, fullDiff } = require('@aws-cdk/cloudformation-diff');

const [before, after] = process.argv.slice(2).map((file) => JSON.parse(fs.readFileSync(file, 'utf8')));
formatDifferences(process.stdout, fullDiff(before, after));
