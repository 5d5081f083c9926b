// Compares pairs of templates with the CDK's library: one JSON object a line in, `{before, after}`, one a line out.
//
// Of each resource that differs: its `impact`, the impact of each property, and the attributes that differ. An
// answer of `facts` for a first line of `"facts"` is what the library knows of every type: what a change of each of
// its properties causes.
'use strict';

const readline = require('readline');
const { loadAwsServiceSpecSync } = require('@aws-cdk/aws-service-spec');
const { fullDiff } = require('@aws-cdk/cloudformation-diff');

function answer({ before, after }) {
  let diff;
  try {
    diff = fullDiff(before, after);
  } catch (error) {
    return { error: String(error.message) };
  }
  const resources = {};
  diff.resources.forEachDifference((id, change) => {
    const properties = {};
    for (const [name, update] of Object.entries(change.propertyUpdates)) {
      properties[name] = update.changeImpact;
    }
    resources[id] = { impact: change.changeImpact, properties, attributes: Object.keys(change.otherChanges) };
  });
  const sections = {};
  for (const section of ['Parameters', 'Mappings', 'Conditions', 'Outputs']) {
    sections[section] = Object.keys(diff[section.toLowerCase()].changes);
  }
  return { resources, sections };
}

function facts() {
  const types = {};
  for (const type of loadAwsServiceSpecSync().all('resource')) {
    const properties = {};
    for (const [name, property] of Object.entries(type.properties)) {
      properties[name] = property.causesReplacement ?? 'no';
    }
    types[type.cloudFormationType] = properties;
  }
  return types;
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const asked = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(asked === 'facts' ? facts() : answer(asked))}\n`);
});
