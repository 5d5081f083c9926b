//! The app that is deployed: a few stacks that read one another, and what its authors make of it next.

use assembly::{Manifest, Move, StackManifest};
use engine::{Assembly, Template};
use indexmap::IndexMap;
use pairs::Random;
use serde_json::{Map, Value, json};

use crate::world::{ACCOUNT, REGION};

/// The project of every simulation.
pub(crate) const PROJECT: &str = "shop";
/// The environment of every simulation.
pub(crate) const ENVIRONMENT: &str = "sim";

/// The identity provider that a stack may make, and for whom its tokens are.
#[cfg(test)]
const PROVIDER: &str = "https://token.actions.githubusercontent.com";
#[cfg(test)]
pub(crate) const AUDIENCE: &str = "sts.amazonaws.com";

/// An app as its authors have it at one moment.
#[derive(Clone, Debug)]
pub(crate) struct App {
    stacks: Vec<Stack>,
    /// Where its authors say that resources were before.
    moves: Vec<Move>,
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
    /// Whether it has no outputs.
    silent: bool,
    protected: bool,
    policy: Option<Value>,
    /// Resources that never change.
    #[cfg(test)]
    fixtures: Map<String, Value>,
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
    /// A nested stack, with two resources of its own.
    Nested,
    /// One that imports what nobody exports.
    #[cfg(test)]
    Bad,
    #[cfg(test)]
    IdentityProvider,
}

const KINDS: [Kind; 4] = [Kind::Topic, Kind::Queue, Kind::Bucket, Kind::Role];

/// The type of nested stacks.
pub(crate) const NESTED: &str = "AWS::CloudFormation::Stack";
/// Where the templates of nested stacks are.
pub(crate) const TEMPLATES: &str = "nested-templates";

impl App {
    /// A new app.
    pub(crate) fn draw(random: &mut Random) -> Self {
        let mut app = Self {
            stacks: Vec::new(),
            moves: Vec::new(),
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
            let mut stack = Stack::new(reads);
            for _ in 0..count {
                let resource = app.resource(index, random);
                stack.resources.push(resource);
            }
            // What others may import keeps the name that CloudFormation gave it.
            stack.resources[0].name = None;
            if stack.resources[0].kind == Kind::Nested {
                stack.resources[0].kind = Kind::Topic;
            }
            app.stacks.push(stack);
        }
        app
    }

    /// Two stacks of one resource each, of which the second reads the first.
    #[cfg(test)]
    pub(crate) fn two() -> Self {
        let stack = |id: &str, reads| Stack {
            resources: vec![Resource::topic(id.to_owned())],
            ..Stack::new(reads)
        };
        Self {
            stacks: vec![
                stack("S0R1", Vec::new()),
                stack("S1R2", vec![(0, Link::Output)]),
            ],
            moves: Vec::new(),
            names: 2,
        }
    }

    /// Gives the first stack another resource.
    #[cfg(test)]
    pub(crate) fn grow(&mut self) {
        self.names += 1;
        let id = format!("S0R{}", self.names);
        self.stacks[0].resources.push(Resource::topic(id));
    }

    /// Moves the last resource of the first stack to the second.
    #[cfg(test)]
    pub(crate) fn relocate_last(&mut self) {
        let place = self.stacks[0].resources.len() - 1;
        self.relocate(0, place, 1);
    }

    /// Lets the second stack read the first by an export.
    #[cfg(test)]
    pub(crate) fn link_by_export(&mut self) {
        self.stacks[1].reads = vec![(0, Link::Export)];
    }

    /// Lets the second stack no longer read the first, which then tells nothing.
    #[cfg(test)]
    pub(crate) fn part(&mut self) {
        self.fall_silent(0);
    }

    /// Gives the first stack a policy that denies nothing.
    #[cfg(test)]
    pub(crate) fn set_policy(&mut self) {
        self.stacks[0].policy = Some(json!({"Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        ]}));
    }

    /// Lets the first stack make the account's identity provider.
    #[cfg(test)]
    pub(crate) fn vouch(&mut self) {
        self.grow();
        let last = self.stacks[0].resources.last_mut();
        last.expect("it has one").kind = Kind::IdentityProvider;
    }

    /// Gives the first stack more resources.
    #[cfg(test)]
    pub(crate) fn furnish(&mut self, fixtures: Map<String, Value>) {
        self.stacks[0].fixtures = fixtures;
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
        let id = format!("S{stack}R{}", self.names);
        if random.percent(12) {
            return Resource {
                id,
                kind: Kind::Nested,
                value: 1,
                name: None,
                retained: false,
            };
        }
        let named = random.percent(40);
        Resource {
            id,
            kind: *random.one(&KINDS),
            value: 1,
            name: named.then_some(self.names),
            // What stays behind under a name of its own stands in the way of the next.
            retained: !named && random.percent(15),
        }
    }

    /// Makes of it what it was, as its authors do. What has come since keeps its name for ever: under the same one nothing
    /// of another type can come.
    pub(crate) fn go_back_to(&mut self, past: &Self) {
        *self = Self {
            names: self.names,
            ..past.clone()
        };
    }

    /// What its authors make of it next.
    pub(crate) fn edit(&mut self, random: &mut Random) {
        for _ in 0..1 + random.below(3) {
            let index = random.below(self.stacks.len());
            let count = self.stacks[index].resources.len();
            let place = random.below(count);
            match random.below(16) {
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
                    let gone = self.stacks[index].resources.remove(place);
                    self.forget_moves_to(&format!("{}/{}", name(index), gone.id));
                }
                9 => self.stacks[index].output += 1,
                10 => self.stacks[index].tag += 1,
                12..=14 => {
                    // What has a name of its own is not moved back without it.
                    let resources = self.stacks[index].resources.iter().enumerate().skip(1);
                    // Nor does a nested stack move.
                    let movable = resources.filter(|(_, resource)| {
                        resource.name.is_none() && resource.kind != Kind::Nested
                    });
                    let movable: Vec<usize> = movable.map(|(place, _)| place).collect();
                    if !movable.is_empty() {
                        let to = random.below(self.stacks.len());
                        self.relocate(index, *random.one(&movable), to);
                    }
                }
                15 => match self.stacks[index].silent {
                    true => self.stacks[index].silent = false,
                    false => self.fall_silent(index),
                },
                _ => self.stacks[index].parameter += 1,
            }
        }
    }

    /// Moves a resource to the end of a stack, where it gets another name; that may be the stack in which it is.
    fn relocate(&mut self, from: usize, place: usize, to: usize) {
        self.names += 1;
        let mut resource = self.stacks[from].resources.remove(place);
        let start = format!("{}/{}", name(from), resource.id);
        resource.id = format!("S{to}R{}", self.names);
        self.moves.push(Move {
            from: start,
            to: format!("{}/{}", name(to), resource.id),
        });
        self.stacks[to].resources.push(resource);
    }

    /// Takes away the moves that lead to a resource which is no longer declared.
    fn forget_moves_to(&mut self, place: &str) {
        let mut ends = vec![place.to_owned()];
        while let Some(end) = ends.pop() {
            let (gone, kept) = self.moves.drain(..).partition(|one| one.to == end);
            self.moves = kept;
            ends.extend(gone.into_iter().map(|one: Move| one.from));
        }
    }

    /// Takes all moves away, as their authors do when CloudFormation cannot make one any more.
    pub(crate) fn forget_moves(&mut self) {
        self.moves.clear();
    }

    /// Gives another name to everything that has one of its own, as its authors do when one is taken.
    pub(crate) fn rename(&mut self) {
        let resources = self
            .stacks
            .iter_mut()
            .flat_map(|stack| &mut stack.resources);
        for name in resources.filter_map(|resource| resource.name.as_mut()) {
            self.names += 1;
            *name = self.names;
        }
    }

    /// Takes the outputs of a stack away, and all that reads them.
    fn fall_silent(&mut self, index: usize) {
        self.stacks[index].silent = true;
        for stack in &mut self.stacks {
            stack.reads.retain(|(before, _)| *before != index);
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
            .flat_map(|stack| stack.resources.iter().flat_map(Resource::ids))
            .collect()
    }

    /// The templates of nested stacks, by the path at which they are found.
    pub(crate) fn nested_templates(&self) -> Vec<(String, String)> {
        let resources = self.stacks.iter().flat_map(|stack| &stack.resources);
        let nested = resources.filter(|resource| resource.kind == Kind::Nested);
        nested
            .map(|resource| {
                let [inner, last] = resource.inner();
                let topic = json!({"Type": "AWS::SNS::Topic", "Properties":
                    {"DisplayName": {"Fn::Sub": "value ${Value}"}}});
                let queue = json!({"Type": "AWS::SQS::Queue", "DependsOn": inner,
                    "Properties": {"VisibilityTimeout": {"Ref": "Value"}}});
                let template = json!({
                    "Parameters": {"Value": {"Type": "Number"}},
                    "Resources": {inner: topic, last: queue},
                });
                (
                    format!("/{TEMPLATES}/{}.json", resource.id),
                    template.to_string(),
                )
            })
            .collect()
    }

    /// The logical id of the resource that was moved last, where it is now.
    pub(crate) fn last_moved(&self) -> Option<&str> {
        let (_, id) = self.moves.last()?.to.split_once('/')?;
        Some(id)
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
                parameters: stack.parameters(),
                termination_protection: stack.protected,
                notification_arns: None,
                stack_policy: stack.policy.clone(),
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
                moves: self.moves.clone(),
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
        #[cfg(test)]
        resources.extend(stack.fixtures.clone());
        let mut template = json!({"Resources": resources});
        if !stack.silent {
            template["Parameters"] = json!({"Size": {"Type": "String"}});
            let first = &stack.resources[0].id;
            template["Outputs"] = json!({
                "Value": {"Value": {"Fn::Join": ["-", ["v", stack.output.to_string(), {"Ref": "Size"}, {"Ref": first}]]}},
                "First": {"Value": {"Ref": first}, "Export": {"Name": export(index)}},
            });
        }
        template
    }
}

impl Stack {
    /// Values of its parameters, which only its outputs use.
    fn parameters(&self) -> IndexMap<String, String> {
        let size = ("Size".to_owned(), self.parameter.to_string());
        IndexMap::from_iter((!self.silent).then_some(size))
    }

    /// One without resources.
    fn new(reads: Vec<(usize, Link)>) -> Self {
        Self {
            resources: Vec::new(),
            reads,
            tag: 0,
            parameter: 0,
            output: 0,
            silent: false,
            protected: false,
            policy: None,
            #[cfg(test)]
            fixtures: Map::new(),
        }
    }
}

impl Resource {
    #[cfg(test)]
    fn topic(id: String) -> Self {
        Self {
            id,
            kind: Kind::Topic,
            value: 1,
            name: None,
            retained: false,
        }
    }

    /// The logical ids of what is in a nested stack.
    fn inner(&self) -> [String; 2] {
        ["In", "Last"].map(|end| format!("{}{end}", self.id))
    }

    /// Its logical id, and those of what is nested in it.
    fn ids(&self) -> Vec<String> {
        let mut ids = vec![self.id.clone()];
        if self.kind == Kind::Nested {
            ids.extend(self.inner());
        }
        ids
    }

    fn template(&self, before: Option<&String>) -> Value {
        let (kind, mut properties, name) = match self.kind {
            #[cfg(test)]
            Kind::Bad => (
                "AWS::SNS::Topic",
                json!({"DisplayName": {"Fn::ImportValue": "nothing"}}),
                "TopicName",
            ),
            #[cfg(test)]
            Kind::IdentityProvider => (
                "AWS::IAM::OIDCProvider",
                json!({"Url": PROVIDER, "ClientIdList": [AUDIENCE]}),
                "Url",
            ),
            Kind::Topic => (
                "AWS::SNS::Topic",
                json!({"DisplayName": format!("value {}", self.value)}),
                "TopicName",
            ),
            Kind::Nested => (
                NESTED,
                json!({
                    "TemplateURL": format!("https://s3.{REGION}.amazonaws.com/{TEMPLATES}/{}.json", self.id),
                    "Parameters": {"Value": self.value.to_string()},
                }),
                "",
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
