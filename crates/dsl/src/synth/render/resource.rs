//! Writes resources.

use super::Renderer;
use crate::{
    DeletionPolicy, Expression, Object, Reference, UpdateReplacePolicy, synth::prepare::Prepared,
};

/// The keys of a resource, in the order they are written.
#[derive(Clone, Copy)]
enum ResourceKey {
    Type,
    Condition,
    DependsOn,
    DeletionPolicy,
    UpdateReplacePolicy,
    CreationPolicy,
    UpdatePolicy,
    Metadata,
    Properties,
}

impl ResourceKey {
    const ALL: [Self; 9] = [
        Self::Type,
        Self::Condition,
        Self::DependsOn,
        Self::DeletionPolicy,
        Self::UpdateReplacePolicy,
        Self::CreationPolicy,
        Self::UpdatePolicy,
        Self::Metadata,
        Self::Properties,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Type => "Type",
            Self::Condition => "Condition",
            Self::DependsOn => "DependsOn",
            Self::DeletionPolicy => "DeletionPolicy",
            Self::UpdateReplacePolicy => "UpdateReplacePolicy",
            Self::CreationPolicy => "CreationPolicy",
            Self::UpdatePolicy => "UpdatePolicy",
            Self::Metadata => "Metadata",
            Self::Properties => "Properties",
        }
    }
}

impl Renderer<'_> {
    pub(super) fn resource(&mut self, resource: &Prepared<'_>) {
        let overrides = &resource.options.attributes;
        self.object(|this| {
            for key in ResourceKey::ALL {
                match overrides.get(key.name()) {
                    Some(value) => this.key(key.name(), |this| this.expression(value)),
                    None => this.resource_entry(key, resource),
                }
            }
            for (key, value) in overrides.iter() {
                if !ResourceKey::ALL.iter().any(|known| known.name() == key) {
                    this.key(key, |this| this.expression(value));
                }
            }
        });
    }

    /// Writes what a resource has under one of its keys, if it has anything.
    fn resource_entry(&mut self, key: ResourceKey, resource: &Prepared<'_>) {
        let options = &*resource.options;
        let mut text = |text: Option<&str>| {
            if let Some(text) = text {
                self.entry(key.name(), text);
            }
        };
        match key {
            ResourceKey::Type => text(Some(&resource.model.type_name)),
            ResourceKey::Condition => {
                let condition = options.condition.as_ref();
                text(condition.map(|condition| condition.0.logical_id()));
            }
            ResourceKey::DependsOn => {
                let others = options.depends_on.iter();
                let others = others.filter(|other| other.node().stack == self.index);
                let others: Vec<&str> = others.map(Reference::logical_id).collect();
                if !others.is_empty() {
                    self.key(key.name(), |this| this.texts(&others));
                }
            }
            ResourceKey::DeletionPolicy => text(options.deletion_policy.map(DeletionPolicy::name)),
            ResourceKey::UpdateReplacePolicy => {
                text(options.update_replace_policy.map(UpdateReplacePolicy::name));
            }
            ResourceKey::CreationPolicy => self.policy(key, options.creation_policy.as_ref()),
            ResourceKey::UpdatePolicy => self.policy(key, options.update_policy.as_ref()),
            ResourceKey::Metadata => self.filled(key, &options.metadata),
            ResourceKey::Properties => self.filled(key, &resource.properties),
        }
    }

    fn policy(&mut self, key: ResourceKey, policy: Option<&Expression>) {
        if let Some(policy) = policy {
            self.key(key.name(), |this| this.expression(policy));
        }
    }

    fn filled(&mut self, key: ResourceKey, object: &Object) {
        if !object.is_empty() {
            self.key(key.name(), |this| this.properties(object));
        }
    }
}
