// Many queues in many stacks, as `crates/dsl/examples/many.rs` declares them: node many.js STACKS RESOURCES
const { App, Stack, Tags } = require("aws-cdk-lib");
const { CfnQueue } = require("aws-cdk-lib/aws-sqs");

const [stacks, resources] = process.argv.slice(2).map(Number);
const app = new App();
Tags.of(app).add("project", "many");
let dead;
for (let stackNumber = 0; stackNumber < stacks; stackNumber++) {
  const stack = new Stack(app, `many-staging-stack-${stackNumber}`, {
    env: { account: "111122223333", region: "us-east-1" },
  });
  let first;
  for (let number = 0; number < resources; number++) {
    const target = first ?? dead;
    const queue = new CfnQueue(stack, `Queue${number}`, {
      queueName: `queue-${stackNumber}-${number}-${stack.region}`,
      delaySeconds: 5,
      redrivePolicy: target && { deadLetterTargetArn: target.attrArn, maxReceiveCount: 5 },
    });
    Tags.of(queue).add("kind", "work");
    first ??= queue;
  }
  dead = first;
}
