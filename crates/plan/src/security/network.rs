//! The rules of a template's security groups.

use std::net::IpAddr;

use serde_json::Value;

use super::{Keyed, text};
use crate::{Direction, Edit, Effect, RuleChange, meaning::Side};

/// A rule of a security group.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    logical_id: String,
    /// The group it belongs to.
    group: String,
    direction: Direction,
    protocol: String,
    ports: Option<(String, String)>,
    peer: String,
}

impl Keyed for Rule {
    fn key(&self) -> String {
        format!(
            "{} {:?} {} {:?} {}",
            self.group, self.direction, self.protocol, self.ports, self.peer
        )
    }
}

impl Rule {
    pub(super) fn change(&self, change: Edit, widens: bool, narrows: bool) -> RuleChange {
        RuleChange {
            change,
            direction: self.direction,
            protocol: self.protocol.clone(),
            ports: match &self.ports {
                None => "all".to_owned(),
                Some((from, to)) if from == to => from.clone(),
                Some((from, to)) => format!("{from}-{to}"),
            },
            peer: self.peer.clone(),
            logical_id: self.logical_id.clone(),
            group: self.group.clone(),
            effect: Effect::Allow,
            only_if: Vec::new(),
            widens,
            narrows,
            reasons: Vec::new(),
            pairs_with: None,
        }
    }

    /// Whether this rule lets through all that the other one does.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let number = |text: &String| text.parse::<u32>().ok();
        let ports = match (&self.ports, &other.ports) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(asked)) => {
                own == asked
                    || match (
                        number(&own.0),
                        number(&own.1),
                        number(&asked.0),
                        number(&asked.1),
                    ) {
                        (Some(from), Some(to), Some(first), Some(last)) => {
                            from <= first && last <= to
                        }
                        _ => false,
                    }
            }
        };
        self.group == other.group
            && self.direction == other.direction
            && (self.protocol == "all" || self.protocol == other.protocol)
            && ports
            && (self.peer == other.peer || contains(&self.peer, &other.peer))
    }
}

/// Collects the rules of a resource, whose properties have their expressions worked out.
pub(super) fn collect(
    type_name: &str,
    logical_id: &str,
    properties: &Value,
    rules: &mut Vec<Rule>,
) {
    let mut add = |direction: Direction, group: &str, rule: &Value| {
        rules.push(Rule {
            logical_id: logical_id.to_owned(),
            group: group
                .strip_suffix(".GroupId}")
                .map_or_else(|| group.to_owned(), |id| format!("{id}}}")),
            direction,
            protocol: protocol(&text(&rule["IpProtocol"])),
            ports: ports(rule),
            peer: peer(rule),
        });
    };
    match type_name {
        "AWS::EC2::SecurityGroup" => {
            for (name, direction) in [
                ("SecurityGroupIngress", Direction::Ingress),
                ("SecurityGroupEgress", Direction::Egress),
            ] {
                for rule in properties[name].as_array().into_iter().flatten() {
                    add(direction, &format!("${{{logical_id}}}"), rule);
                }
            }
        }
        "AWS::EC2::SecurityGroupIngress" => {
            add(
                Direction::Ingress,
                &text(&properties["GroupId"]),
                properties,
            );
        }
        "AWS::EC2::SecurityGroupEgress" => {
            add(Direction::Egress, &text(&properties["GroupId"]), properties);
        }
        _ => {}
    }
}

/// A group without any rule for what goes out lets out everything.
pub(super) fn add_default_egress(side: &Side<'_>, rules: &mut Vec<Rule>) {
    for (logical_id, resource) in side.section("Resources") {
        let logical_id = side.renamed(logical_id);
        let group = format!("${{{logical_id}}}");
        let is_egress = |rule: &Rule| rule.direction == Direction::Egress && rule.group == group;
        let is_default = resource["Type"] == "AWS::EC2::SecurityGroup"
            && side.exists(resource) != Some(false)
            && resource["Properties"]["SecurityGroupEgress"].is_null()
            && !rules.iter().any(is_egress);
        if is_default {
            rules.push(Rule {
                logical_id: logical_id.to_owned(),
                group,
                direction: Direction::Egress,
                protocol: "all".to_owned(),
                ports: None,
                peer: "0.0.0.0/0".to_owned(),
            });
        }
    }
}

/// A protocol by name, as people know the [numbers](https://www.iana.org/assignments/protocol-numbers).
fn protocol(text: &str) -> String {
    match text {
        "-1" => "all",
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        other => other,
    }
    .to_owned()
}

/// The first and the last port; `None` for all.
fn ports(rule: &Value) -> Option<(String, String)> {
    let (from, to) = (&rule["FromPort"], &rule["ToPort"]);
    if text(&rule["IpProtocol"]) == "-1" || from.is_null() {
        return None;
    }
    let from = text(from);
    let to = if to.is_null() { from.clone() } else { text(to) };
    let is_all = from == "-1" || (from == "0" && to == "65535");
    (!is_all).then_some((from, to))
}

fn peer(rule: &Value) -> String {
    let names = [
        "CidrIp",
        "CidrIpv6",
        "SourceSecurityGroupId",
        "SourceSecurityGroupName",
        "SourcePrefixListId",
        "DestinationSecurityGroupId",
        "DestinationPrefixListId",
    ];
    let given = names.into_iter().find(|name| !rule[*name].is_null());
    given.map(|name| text(&rule[name])).unwrap_or_default()
}

/// Whether one address range contains another.
fn contains(outer: &str, inner: &str) -> bool {
    let range = |text: &str| {
        let (address, length) = text.split_once('/')?;
        let length: u32 = length.parse().ok()?;
        match address.parse().ok()? {
            IpAddr::V4(address) => Some((4, u128::from(u32::from(address)), 32, length)),
            IpAddr::V6(address) => Some((6, u128::from(address), 128, length)),
        }
        .filter(|(_, _, bits, length)| length <= bits)
    };
    match (range(outer), range(inner)) {
        (Some((family, outer, bits, length)), Some((other, inner, _, longer))) => {
            let prefix = |address: u128| address.checked_shr(bits - length).unwrap_or(0);
            family == other && length <= longer && prefix(outer) == prefix(inner)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_ranges_contain_one_another() {
        let table = [
            ("0.0.0.0/0", "10.0.0.0/8", true),
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.0.0.0/8", "11.0.0.0/16", false),
            ("10.1.0.0/16", "10.0.0.0/8", false),
            ("::/0", "2001:db8::/32", true),
            ("2001:db8::/32", "2001:db9::/48", false),
            ("0.0.0.0/0", "::/0", false),
            ("0.0.0.0/0", "sg-1", false),
            ("0.0.0.0/33", "10.0.0.0/8", false),
        ];
        for (outer, inner, expected) in table {
            assert_eq!(contains(outer, inner), expected, "{outer} {inner}");
        }
    }
}
