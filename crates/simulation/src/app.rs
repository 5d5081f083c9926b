//! The app that is deployed: a few stacks that read one another, and what its authors make of it next.

use assembly::{Manifest, StackManifest};
use engine::{Assembly, Template};
use indexmap::IndexMap;
use pairs::Random;
use serde_json::{Map, Value, json};

use crate::world::{ACCOUNT, REGION};

/// The project of every simulation.
pub(crate) const PROJECT: &str = "shop";
/// The environment of every simulation.
pub(crate) const ENVIRONMENT: &str = "sim";

/// An app as its authors have it at one moment.
#[derive(Clone, Debug)]
pub(crate) struct App {
    stacks: Vec<Stack>,
    /// How many names were given so far.
    names: u32,
}

#[derive(Clone, Debug)]
struct Stack {
    resources: Vec<Resource>,
    /// The stacks before this one that it reads.
    reads: Vec<(usize, Link)>,
    tag: u32,
    parameter: u32,
    output: u32,
    protected: bool,
}

/// How one stack reads another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Output,
    Export,
}

#[derive(Clone, Debug)]
struct Resource {
    id: String,
    kind: Kind,
    /// A property that can change in place.
    value: u32,
    /// The name, which cannot; none where CloudFormation gives one.
    name: Option<u32>,
    retained: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Topic,
    Queue,
    Bucket,
    Role,
    /// One that imports what nobody exports.
    #[cfg(test)]
    Bad,
}

const KINDS: [Kind; 4] = [Kind::Topic, Kind::Queue, Kind::Bucket, Kind::Role];

impl App {
    /// A new app.
    pub(crate) fn draw(random: &mut Random) -> Self {
        let mut app = Self {
            stacks: Vec::new(),
            names: 0,
        };
        for index in 0..1 + random.below(6) {
            let mut reads = Vec::new();
            for before in 0..index {
                if random.percent(40) {
                    let link = if random.percent(25) {
                        Link::Export
                    } else {
                        Link::Output
                    };
                    reads.push((before, link));
                }
            }
            let count = 1 + random.below(4);
            let mut stack = Stack {
                resources: Vec::new(),
                reads,
                tag: 0,
                parameter: 0,
                output: 0,
                protected: false,
            };
            for _ in 0..count {
                let resource = app.resource(index, random);
                stack.resources.push(resource);
            }
            // What others may import keeps the name that CloudFormation gave it.
            stack.resources[0].name = None;
            app.stacks.push(stack);
        }
        app
    }

    /// Two stacks of one resource each, of which the second reads the first.
    #[cfg(test)]
    pub(crate) fn two() -> Self {
        let stack = |id: &str, reads| Stack {
            resources: vec![Resource {
                id: id.to_owned(),
                kind: Kind::Topic,
                value: 1,
                name: None,
                retained: false,
            }],
            reads,
            tag: 0,
            parameter: 0,
            output: 0,
            protected: false,
        };
        Self {
            stacks: vec![
                stack("S0R1", Vec::new()),
                stack("S1R2", vec![(0, Link::Output)]),
            ],
            names: 2,
        }
    }

    /// Changes the resource of the first stack, and what the second one reads of it.
    #[cfg(test)]
    pub(crate) fn change(&mut self) {
        self.stacks[0].resources[0].value += 1;
        self.stacks[0].output += 1;
    }

    /// Makes of the first stack what no CloudFormation accepts.
    #[cfg(test)]
    pub(crate) fn spoil(&mut self) {
        self.stacks[0].resources[0].name = Some(0);
        self.stacks[0].resources[0].kind = Kind::Bad;
    }

    fn resource(&mut self, stack: usize, random: &mut Random) -> Resource {
        self.names += 1;
        let named = random.percent(40);
        Resource {
            id: format!("S{stack}R{}", self.names),
            kind: *random.one(&KINDS),
            value: 1,
            name: named.then_some(self.names),
            // What stays behind under a name of its own stands in the way of the next.
            retained: !named && random.percent(15),
        }
    }

    /// What its authors make of it next.
    pub(crate) fn edit(&mut self, random: &mut Random) {
        for _ in 0..1 + random.below(3) {
            let index = random.below(self.stacks.len());
            let count = self.stacks[index].resources.len();
            let place = random.below(count);
            match random.below(12) {
                0..=4 => self.stacks[index].resources[place].value += 1,
                5 | 6 => {
                    self.names += 1;
                    let resource = &mut self.stacks[index].resources[place];
                    if resource.name.is_some() {
                        resource.name = Some(self.names);
                    }
                }
                7 if count < 7 => {
                    let resource = self.resource(index, random);
                    self.stacks[index].resources.push(resource);
                }
                8 if place > 0 => {
                    self.stacks[index].resources.remove(place);
                }
                9 => self.stacks[index].output += 1,
                10 => self.stacks[index].tag += 1,
                _ => self.stacks[index].parameter += 1,
            }
        }
    }

    /// Protects a stack against deletion, or no longer.
    pub(crate) fn protect(&mut self, index: usize, on: bool) {
        let count = self.stacks.len();
        self.stacks[index % count].protected = on;
    }

    /// Logical ids of all resources.
    pub(crate) fn logical_ids(&self) -> Vec<String> {
        let stacks = self.stacks.iter();
        stacks
            .flat_map(|stack| stack.resources.iter().map(|resource| resource.id.clone()))
            .collect()
    }

    /// Short names of all stacks.
    pub(crate) fn names(&self) -> Vec<String> {
        (0..self.stacks.len()).map(name).collect()
    }

    /// What is synthesized.
    pub(crate) fn assembly(&self) -> Assembly {
        let manifests = self.stacks.iter().enumerate().map(|(index, stack)| {
            let reads = stack.reads.iter();
            StackManifest {
                name: name(index),
                stack_name: stack_name(index),
                template: format!("{}.template.json", name(index)),
                depends_on: reads.map(|(before, _)| name(*before)).collect(),
                tags: IndexMap::from([("version".to_owned(), stack.tag.to_string())]),
                parameters: IndexMap::from([("Size".to_owned(), stack.parameter.to_string())]),
                termination_protection: stack.protected,
                notification_arns: None,
                stack_policy: None,
                role_arn: None,
                resources: IndexMap::new(),
                allowed_losses: Vec::new(),
                suppressions: Vec::new(),
            }
        });
        let templates = self.stacks.iter().enumerate().map(|(index, stack)| {
            let text = self.template(index, stack).to_string();
            let template = Template::parse(text).expect("it is a template");
            (name(index), template)
        });
        Assembly {
            manifest: Manifest {
                format_version: assembly::FORMAT_VERSION.to_owned(),
                project: PROJECT.to_owned(),
                environment: ENVIRONMENT.to_owned(),
                account: ACCOUNT.to_owned(),
                region: REGION.to_owned(),
                stacks: manifests.collect(),
                external: Vec::new(),
                moves: Vec::new(),
                diagnostics: Vec::new(),
            },
            templates: templates.collect(),
        }
    }

    fn template(&self, index: usize, stack: &Stack) -> Value {
        let mut resources = Map::new();
        for (place, resource) in stack.resources.iter().enumerate() {
            let before = place.checked_sub(1).map(|place| &stack.resources[place].id);
            resources.insert(resource.id.clone(), resource.template(before));
        }
        if !stack.reads.is_empty() {
            let words = stack.reads.iter().map(|(before, link)| match link {
                Link::Output => json!({"Fn::GetStackOutput":
                    {"StackName": stack_name(*before), "OutputName": "Value"}}),
                Link::Export => json!({"Fn::ImportValue": export(*before)}),
            });
            let words: Vec<Value> = words.collect();
            resources.insert(
                format!("S{index}Reader"),
                json!({"Type": "AWS::SNS::Topic", "Properties":
                    {"DisplayName": {"Fn::Join": [" ", words]}}}),
            );
        }
        let first = &stack.resources[0].id;
        json!({
            "Parameters": {"Size": {"Type": "String"}},
            "Resources": resources,
            "Outputs": {
                "Value": {"Value": {"Fn::Join": ["-", ["v", stack.output.to_string(), {"Ref": "Size"}, {"Ref": first}]]}},
                "First": {"Value": {"Ref": first}, "Export": {"Name": export(index)}},
            },
        })
    }
}

impl Resource {
    fn template(&self, before: Option<&String>) -> Value {
        let (kind, mut properties, name) = match self.kind {
            #[cfg(test)]
            Kind::Bad => (
                "AWS::SNS::Topic",
                json!({"DisplayName": {"Fn::ImportValue": "nothing"}}),
                "TopicName",
            ),
            Kind::Topic => (
                "AWS::SNS::Topic",
                json!({"DisplayName": format!("value {}", self.value)}),
                "TopicName",
            ),
            Kind::Queue => (
                "AWS::SQS::Queue",
                json!({"VisibilityTimeout": self.value}),
                "QueueName",
            ),
            Kind::Bucket => (
                "AWS::S3::Bucket",
                json!({"Tags": [{"Key": "value", "Value": self.value.to_string()}]}),
                "BucketName",
            ),
            Kind::Role => (
                "AWS::IAM::Role",
                json!({
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                        "Effect": "Allow", "Action": "sts:AssumeRole",
                        "Principal": {"Service": "lambda.amazonaws.com"}}]},
                    "Description": format!("value {}", self.value),
                }),
                "RoleName",
            ),
        };
        if let Some(number) = self.name {
            properties[name] = format!("sim-{number}").into();
        }
        let mut resource = json!({"Type": kind, "Properties": properties});
        if self.retained {
            resource["DeletionPolicy"] = "Retain".into();
        }
        if let Some(before) = before {
            resource["Metadata"] = json!({"after": before});
            resource["DependsOn"] = before.as_str().into();
        }
        resource
    }
}

fn name(index: usize) -> String {
    ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"][index].to_owned()
}

fn stack_name(index: usize) -> String {
    format!("{PROJECT}-{ENVIRONMENT}-{}", name(index))
}

fn export(index: usize) -> String {
    format!("{}-first", stack_name(index))
}
