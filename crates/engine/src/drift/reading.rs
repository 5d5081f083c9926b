//! Looks with the services' own calls at what CloudFormation did not look at.

use std::collections::BTreeMap;

use assembly::StackManifest;
use futures_util::future::try_join_all;
use serde_json::{Map, Value};

use super::{
    DriftStatus, Live, LiveReads, LiveResource, ResourceDrift, UncheckedProperty,
    compare::{Sides, compare},
    expected::Deployed,
    leaves_others,
};
use crate::{
    desired::Assembly, engine::Engine, error::Error, port::Stack, reads::Reads,
    survey::pseudo_parameters,
};

/// What was read of a resource, or why it could not be.
type Outcome = Result<Live, String>;

impl Engine<'_> {
    /// Completes what CloudFormation found of a stack's resources with what the services say.
    pub(super) async fn read_live(
        &self,
        live: &dyn LiveReads,
        (assembly, manifest): (&Assembly, &StackManifest),
        stack: &Stack,
        template: &Value,
        resources: &mut [ResourceDrift],
    ) -> Result<(), Error> {
        let is_open =
            |one: &ResourceDrift| one.status == DriftStatus::Unchecked || !one.unchecked.is_empty();
        let has_open = resources
            .iter()
            .any(|one| is_open(one) && live.reads(&one.resource_type));
        if !has_open {
            return Ok(());
        }
        let pseudo = pseudo_parameters(assembly, manifest);
        let mut deployed = Deployed::new(template, stack, pseudo, self.facts);
        for resource in resources.iter() {
            if let Some(id) = &resource.physical_id {
                deployed.learn_reference(&resource.logical_id, id);
            }
        }
        self.learn_outputs(template, &mut deployed).await?;
        deployed.settle();
        // All that can be read, for what one is called may stand in another.
        let read = resources
            .iter()
            .filter(|one| live.reads(&one.resource_type));
        let read = try_join_all(read.map(|one| async {
            let properties = deployed.properties(&one.logical_id);
            let outcome = self.read_one(live, one, properties).await?;
            Ok::<_, Error>((one.logical_id.clone(), outcome))
        }));
        let read: BTreeMap<String, Outcome> = read.await?.into_iter().collect();
        for (logical_id, outcome) in &read {
            if let Ok(Live::Exists { attributes, .. }) = outcome {
                for (name, value) in attributes {
                    deployed.learn_attribute(logical_id, name, value);
                }
            }
        }
        deployed.settle();
        let of_stack: Vec<String> = resources
            .iter()
            .filter_map(|one| one.physical_id.clone())
            .collect();
        for resource in resources.iter_mut().filter(|one| is_open(one)) {
            let Some(outcome) = read.get(&resource.logical_id) else {
                continue;
            };
            let Some(declaration) = template["Resources"].get(&resource.logical_id) else {
                // A macro has made it: what it should be is not in the template.
                continue;
            };
            let expected = deployed.properties(&resource.logical_id);
            let declared = &declaration["Properties"];
            let told = Told {
                expected: &expected,
                declared,
                template,
                stack,
                of_stack: &of_stack,
            };
            self.complete(resource, outcome, &told);
        }
        Ok(())
    }

    /// Learns the outputs of other stacks that a template reads.
    async fn learn_outputs(
        &self,
        template: &Value,
        deployed: &mut Deployed<'_>,
    ) -> Result<(), Error> {
        let reads = Reads::of(template);
        let mut producers: BTreeMap<&str, Option<Stack>> = BTreeMap::new();
        for output in reads.outputs() {
            if !producers.contains_key(output.stack_name.as_str()) {
                self.pace.permit().await;
                let found = self.cloud.stack(&output.stack_name).await?;
                producers.insert(&output.stack_name, found);
            }
            let producer = producers.get(output.stack_name.as_str());
            let value = producer
                .and_then(Option::as_ref)
                .and_then(|stack| stack.outputs.get(&output.output));
            if let Some(value) = value {
                deployed.learn_output(&output.stack_name, &output.output, value);
            }
        }
        Ok(())
    }

    async fn read_one(
        &self,
        live: &dyn LiveReads,
        resource: &ResourceDrift,
        properties: Map<String, Value>,
    ) -> Result<Outcome, Error> {
        self.go_on()?;
        self.pace.permit().await;
        let wanted = LiveResource {
            resource_type: resource.resource_type.clone(),
            physical_id: resource.physical_id.clone().unwrap_or_default(),
            properties,
        };
        match live.read(&wanted).await {
            Ok(read) => Ok(Ok(read)),
            Err(error) if leaves_others(&error) => Ok(Err(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// Completes what is known of a resource.
    fn complete(&self, drift: &mut ResourceDrift, outcome: &Outcome, told: &Told<'_>) {
        let (properties, unread) = match outcome {
            Err(reason) | Ok(Live::Withheld(reason)) => {
                let reason = format!("nor can it be read: {reason}");
                match &mut drift.reason {
                    Some(first) if drift.status == DriftStatus::Unchecked => {
                        first.push_str("; ");
                        first.push_str(&reason);
                    }
                    _ => {}
                }
                return;
            }
            Ok(Live::Gone) => {
                drift.status = DriftStatus::Deleted;
                drift.reason = None;
                drift.unchecked.clear();
                return;
            }
            Ok(Live::Exists {
                properties, unread, ..
            }) => (properties, unread),
        };
        // Of what CloudFormation did look at, it knows.
        let is_whole = drift.status == DriftStatus::Unchecked;
        let open: Vec<&str> = drift
            .unchecked
            .iter()
            .filter_map(|one| Some(one.path.first()?.as_str()))
            .collect();
        let expected: Map<String, Value> = told
            .expected
            .iter()
            .filter(|(name, _)| is_whole || open.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let actual = told.without_what_others_add(properties, &expected);
        let compared = compare(
            &Sides {
                type_name: &drift.resource_type,
                declared: told.declared,
                expected: &expected,
                actual: &actual,
                unread,
                template: told.template,
            },
            self.facts,
        );
        let nothing_known = compared.drifted.is_empty() && compared.same.is_empty();
        if is_whole && nothing_known && !expected.is_empty() {
            let reasons = compared.unchecked.iter();
            let reasons: Vec<String> = reasons.map(UncheckedProperty::sentence).collect();
            drift.reason = Some(reasons.join("; "));
            return;
        }
        if !compared.drifted.is_empty() {
            drift.status = DriftStatus::Modified;
        } else if is_whole {
            drift.status = DriftStatus::InSync;
        }
        if is_whole {
            drift.reason = None;
        }
        drift.properties.extend(compared.drifted);
        drift.unchecked = compared.unchecked;
    }
}

/// What is known of what a resource should be.
struct Told<'a> {
    expected: &'a Map<String, Value>,
    declared: &'a Value,
    template: &'a Value,
    stack: &'a Stack,
    /// The physical ids of the stack.
    of_stack: &'a [String],
}

impl Told<'_> {
    /// What was read, without what the stack itself adds beside the properties: its own tags, CloudFormation's, managed
    /// policies that attach themselves, and who takes a managed policy by itself.
    fn without_what_others_add(
        &self,
        read: &Map<String, Value>,
        expected: &Map<String, Value>,
    ) -> Map<String, Value> {
        let mut read = read.clone();
        for name in ["Tags", "ResourceTags"] {
            if let Some(Value::Array(tags)) = read.get_mut(name) {
                tags.retain(|tag| {
                    let text = |member: &str| tag[member].as_str().unwrap_or_default();
                    let (key, value) = (text("Key"), text("Value"));
                    let wanted = expected.get(name).and_then(Value::as_array);
                    let is_wanted = wanted.into_iter().flatten().any(|one| one["Key"] == key);
                    is_wanted || !self.tags_itself(key, value)
                });
            }
        }
        if let Some(Value::Object(tags)) = read.get_mut("UserPoolTags") {
            let wanted = expected.get("UserPoolTags");
            tags.retain(|key, value| {
                let is_wanted = wanted.is_some_and(|wanted| wanted.get(key).is_some());
                is_wanted || !self.tags_itself(key, value.as_str().unwrap_or_default())
            });
        }
        for name in ["ManagedPolicyArns", "Roles", "Users", "Groups"] {
            if let Some(Value::Array(names)) = read.get_mut(name) {
                let wanted = expected.get(name).and_then(Value::as_array);
                names.retain(|one| {
                    let is_wanted = wanted.is_some_and(|wanted| wanted.contains(one));
                    let mut own = self.of_stack.iter();
                    is_wanted || !own.any(|own| one.as_str() == Some(own))
                });
            }
        }
        read
    }

    /// Whether the stack itself gives its resources a tag, or CloudFormation does.
    fn tags_itself(&self, key: &str, value: &str) -> bool {
        key.starts_with("aws:") || self.stack.tags.get(key).is_some_and(|own| own == value)
    }
}
