//! The rules of a template's security groups, network ACLs and their kin.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::{Keyed, Optional, address::AddressRange, effort::Effort, reference_of, text};
use crate::{Direction, Edit, Effect, Resource, RuleChange, Widening, meaning::Side};

/// Names of the other side of a rule; a rule may have several.
const PEERS: [&str; 13] = [
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "SourcePrefixListId",
    "DestinationSecurityGroupId",
    "DestinationPrefixListId",
    "CIDRIP",
    "EC2SecurityGroupId",
    "EC2SecurityGroupName",
    "CidrBlock",
    "Ipv6CidrBlock",
    "IpRange",
];

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    logical_id: String,
    /// The group it belongs to.
    group: String,
    direction: Direction,
    effect: Effect,
    /// Where it stands among others, as the first that matches decides.
    number: Option<String>,
    protocol: String,
    ports: Ports,
    peer: String,
    only_if: Vec<String>,
}

/// The ports of a rule; for ICMP the type and the code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Ports {
    All,
    Between(String, String),
}

/// The rules of one template, ready to be asked what they let through.
pub(super) struct Rules<'r> {
    /// Those of one guard, one way and one place.
    beside: HashMap<Beside<'r>, Vec<Prepared<'r>>>,
    effort: Effort,
}

/// What rules have in common of which one may let through what another does: guard, way, effect and place.
type Beside<'r> = (&'r str, Direction, Effect, Option<&'r str>);

/// A rule with its addresses read.
struct Prepared<'r> {
    rule: &'r Rule,
    addresses: Option<AddressRange>,
}

/// What tells a rule from others: all it says, wherever it is declared.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct RuleKey<'k> {
    group: &'k str,
    direction: Direction,
    effect: Effect,
    number: Option<&'k str>,
    protocol: &'k str,
    ports: &'k Ports,
    peer: &'k str,
    only_if: &'k [String],
}

impl Keyed for Rule {
    type Key<'k> = RuleKey<'k>;

    fn key(&self) -> RuleKey<'_> {
        RuleKey {
            group: &self.group,
            direction: self.direction,
            effect: self.effect,
            number: self.number.as_deref(),
            protocol: &self.protocol,
            ports: &self.ports,
            peer: &self.peer,
            only_if: &self.only_if,
        }
    }
}

impl Optional for Rule {
    fn only_if(&mut self) -> &mut Vec<String> {
        &mut self.only_if
    }
}

impl Rule {
    pub(super) fn change(&self, change: Edit, narrows: bool, reasons: Vec<Widening>) -> RuleChange {
        RuleChange {
            change,
            direction: self.direction,
            protocol: self.protocol.clone(),
            ports: self.ports.words(),
            peer: self.peer.clone(),
            logical_id: self.logical_id.clone(),
            group: self.group.clone(),
            effect: self.effect,
            only_if: self.only_if.clone(),
            widens: !reasons.is_empty(),
            narrows,
            reasons,
            pairs_with: None,
        }
    }

    /// What is the same for all rules beside it.
    fn beside(&self) -> Beside<'_> {
        let number = self.number.as_deref();
        (&self.group, self.direction, self.effect, number)
    }

    fn has_protocol(&self, other: &Self) -> bool {
        self.protocol == "all" || self.protocol == other.protocol
    }

    fn has_ports(&self, other: &Self) -> bool {
        match (&self.ports, &other.ports) {
            (Ports::All, _) => true,
            (Ports::Between(..), Ports::All) => false,
            (Ports::Between(kind, code), Ports::Between(other_kind, other_code))
                if self.protocol.starts_with("icmp") =>
            {
                kind == other_kind && (code == "-1" || code == other_code)
            }
            (own, other) => {
                own == other
                    || match (own.numbers(), other.numbers()) {
                        (Some((from, to)), Some((first, last))) => from <= first && last <= to,
                        _ => false,
                    }
            }
        }
    }
}

impl<'r> Prepared<'r> {
    fn of(rule: &'r Rule) -> Self {
        Self {
            rule,
            addresses: rule.peer.parse().ok(),
        }
    }

    fn has_peer(&self, other: &Self) -> bool {
        self.rule.peer == other.rule.peer
            || match (&self.addresses, &other.addresses) {
                (Some(outer), Some(inner)) => outer.covers(inner),
                _ => false,
            }
    }

    /// The first and last port and the addresses, where all are numbers.
    fn area(&self) -> Option<([u32; 2], &AddressRange)> {
        let ports = match &self.rule.ports {
            Ports::All => [0, u32::MAX],
            // Types and codes are no range.
            Ports::Between(..) if self.rule.protocol.starts_with("icmp") => return None,
            ports @ Ports::Between(..) => ports.numbers()?.into(),
        };
        Some((ports, self.addresses.as_ref()?))
    }
}

impl Ports {
    fn words(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Between(from, to) if from == to => from.clone(),
            Self::Between(from, to) => format!("{from}-{to}"),
        }
    }

    fn numbers(&self) -> Option<(u32, u32)> {
        match self {
            Self::All => None,
            Self::Between(from, to) => Some((from.parse().ok()?, to.parse().ok()?)),
        }
    }
}

impl<'r> Rules<'r> {
    pub(super) fn of(rules: impl Iterator<Item = &'r Rule>) -> Self {
        let mut beside: HashMap<_, Vec<_>> = HashMap::new();
        for rule in rules {
            let all = beside.entry(rule.beside()).or_default();
            all.push(Prepared::of(rule));
        }
        Self {
            beside,
            effort: Effort::default(),
        }
    }

    /// What of a rule none of these says; empty where they say all of it.
    fn gaps(&self, rule: &Rule) -> Vec<Widening> {
        let all = self
            .beside
            .get(&rule.beside())
            .map_or(&[][..], Vec::as_slice);
        if !self.effort.spend(20 * all.len()) {
            return vec![Widening::New];
        }
        let rule = Prepared::of(rule);
        // What is there whenever the other is.
        let is_there = |own: &&Prepared<'_>| {
            let mut conditions = own.rule.only_if.iter();
            conditions.all(|one| rule.rule.only_if.contains(one))
        };
        let beside: Vec<&Prepared<'_>> = all.iter().filter(is_there).collect();
        let is_one = |own: &&Prepared<'_>| {
            own.rule.has_protocol(rule.rule) && own.rule.has_ports(rule.rule) && own.has_peer(&rule)
        };
        if beside.iter().any(is_one) || is_covered_together(&rule, &beside, &self.effort) {
            return Vec::new();
        }
        let nearest = beside.iter().filter_map(|own| {
            let mut lacks = Vec::new();
            if !own.rule.has_protocol(rule.rule) {
                let what = vec![rule.rule.protocol.clone()];
                lacks.push(Widening::Protocols { what });
            }
            if !own.rule.has_ports(rule.rule) {
                let what = vec![rule.rule.ports.words()];
                lacks.push(Widening::Ports { what });
            }
            if !own.has_peer(&rule) {
                let what = vec![rule.rule.peer.clone()];
                lacks.push(Widening::Peers { what });
            }
            (lacks.len() < 2).then_some(lacks)
        });
        nearest
            .min_by_key(Vec::len)
            .unwrap_or_else(|| vec![Widening::New])
    }

    /// Why access widens where this rule is new to these, or, as it goes, is not among these any more.
    pub(super) fn widened_by(&self, rule: &Rule, edit: Edit) -> Vec<Widening> {
        match (edit, rule.effect) {
            (Edit::Added, Effect::Allow) | (Edit::Removed, Effect::Deny) => self.gaps(rule),
            (Edit::Added, Effect::Deny) | (Edit::Removed, Effect::Allow) => Vec::new(),
        }
    }
}

/// Whether several rules together let through all that one does: between any two places where one of them begins or has
/// ended, the addresses of those that are open there must lie end to end.
fn is_covered_together(rule: &Prepared<'_>, others: &[&Prepared<'_>], effort: &Effort) -> bool {
    let Some((ports, addresses)) = rule.area() else {
        return false;
    };
    let mut areas: Vec<([u32; 2], &AddressRange)> = others
        .iter()
        .filter(|other| other.rule.has_protocol(rule.rule))
        .filter_map(|other| other.area())
        .filter(|(_, range)| range.is_same_version(addresses))
        .filter(|(_, range)| range.first <= addresses.last && addresses.first <= range.last)
        .collect();
    areas.sort_by_key(|(_, range)| range.first);
    let begins = areas.iter().map(|(ports, _)| ports[0]);
    let ended = areas
        .iter()
        .filter_map(|(ports, _)| ports[1].checked_add(1));
    let starts: BTreeSet<u32> = begins
        .chain(ended)
        .chain([ports[0]])
        .filter(|start| (ports[0]..=ports[1]).contains(start))
        .collect();
    starts.iter().all(|port| {
        effort.spend(areas.len()) && {
            let open = areas
                .iter()
                .filter(|([first, last], _)| (*first..=*last).contains(port));
            are_end_to_end(open.map(|(_, range)| *range), addresses)
        }
    })
}

/// Whether ranges, ordered by where they begin, leave no address of another one out.
fn are_end_to_end<'r>(ranges: impl Iterator<Item = &'r AddressRange>, all: &AddressRange) -> bool {
    let mut next = all.first;
    for range in ranges {
        if range.first > next {
            return false;
        }
        if range.last >= all.last {
            return true;
        }
        next = next.max(range.last + 1);
    }
    false
}

/// Whether a resource of this type has rules.
pub(super) fn is_telling_type(type_name: &str) -> bool {
    type_name.contains("SecurityGroup") || type_name == "AWS::EC2::NetworkAclEntry"
}

/// The rules of a resource, whose properties have their expressions worked out.
pub(super) fn collect(type_name: &str, logical_id: &str, properties: &Value) -> Vec<Rule> {
    use Direction::{Egress, Ingress};
    let own = format!("${{{logical_id}}}");
    let group = [
        "GroupId",
        "GroupName",
        "DBSecurityGroupName",
        "ClusterSecurityGroupName",
    ]
    .into_iter()
    .chain(["CacheSecurityGroupName", "NetworkAclId"])
    .find(|name| !properties[*name].is_null())
    .map(|name| reference_of(&text(&properties[name])));
    let mut rules = Vec::new();
    let mut add = |direction: Direction, group: &str, rule: &Value| {
        rules.extend(peers(rule).into_iter().map(|peer| Rule {
            logical_id: logical_id.to_owned(),
            group: group.to_owned(),
            direction,
            effect: if text(&rule["RuleAction"]) == "deny" {
                Effect::Deny
            } else {
                Effect::Allow
            },
            number: (!rule["RuleNumber"].is_null()).then(|| text(&rule["RuleNumber"])),
            protocol: protocol(rule),
            ports: ports(rule),
            peer,
            only_if: Vec::new(),
        }));
    };
    match type_name {
        "AWS::EC2::SecurityGroup" => {
            for (name, direction) in [
                ("SecurityGroupIngress", Ingress),
                ("SecurityGroupEgress", Egress),
            ] {
                for rule in properties[name].as_array().into_iter().flatten() {
                    add(direction, &own, rule);
                }
            }
        }
        "AWS::RDS::DBSecurityGroup" => {
            let rules = properties["DBSecurityGroupIngress"].as_array();
            for rule in rules.into_iter().flatten() {
                add(Ingress, &own, rule);
            }
        }
        "AWS::EC2::NetworkAclEntry" => {
            let is_egress = text(&properties["Egress"]) == "true";
            let direction = if is_egress { Egress } else { Ingress };
            add(direction, &group.unwrap_or_default(), properties);
        }
        "AWS::EC2::SecurityGroupEgress" => add(Egress, &group.unwrap_or_default(), properties),
        _ if type_name.ends_with("SecurityGroupIngress") => {
            add(Ingress, &group.unwrap_or_default(), properties);
        }
        _ => {}
    }
    rules
}

/// A group without any rule for what goes out lets out everything.
pub(super) fn add_default_egress(side: &Side<'_>, others: &[Rule], rules: &mut Vec<Rule>) {
    let egress = others
        .iter()
        .chain(rules.iter())
        .filter(|rule| rule.direction == Direction::Egress);
    let limited: HashSet<String> = egress.map(|rule| rule.group.clone()).collect();
    let gives_none = |resource: &Value| {
        resource["Type"] == "AWS::EC2::SecurityGroup"
            && side.exists(resource) != Some(false)
            && resource["Properties"]["SecurityGroupEgress"].is_null()
    };
    // What is left unread is no group.
    let is_open = |resource: &Resource<'_>| resource.read().is_some_and(gives_none);
    let resources = side.resources().iter();
    for (logical_id, _) in resources.filter(|(_, resource)| is_open(resource)) {
        let group = format!("${{{logical_id}}}");
        if !limited.contains(&group) {
            rules.push(Rule {
                logical_id: (*logical_id).to_owned(),
                group,
                direction: Direction::Egress,
                effect: Effect::Allow,
                number: None,
                protocol: "all".to_owned(),
                ports: Ports::All,
                peer: "0.0.0.0/0".to_owned(),
                only_if: Vec::new(),
            });
        }
    }
}

/// A protocol by name, as people know the [numbers](https://www.iana.org/assignments/protocol-numbers).
fn protocol(rule: &Value) -> String {
    let given = match (&rule["IpProtocol"], &rule["Protocol"]) {
        // Groups of databases and clusters are of one protocol.
        (Value::Null, Value::Null) => return "tcp".to_owned(),
        (Value::Null, protocol) => text(protocol),
        (protocol, _) => text(protocol),
    };
    match given.as_str() {
        "-1" => "all".to_owned(),
        "1" => "icmp".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "58" => "icmpv6".to_owned(),
        // A reference keeps its case.
        other if other.contains("${") => other.to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

fn ports(rule: &Value) -> Ports {
    let either = |name: &str, within: &str, inner: &str| match &rule[name] {
        Value::Null => rule[within][inner].clone(),
        given => given.clone(),
    };
    let protocol = protocol(rule);
    let (from, to) = if protocol.starts_with("icmp") {
        (
            either("FromPort", "Icmp", "Type"),
            either("ToPort", "Icmp", "Code"),
        )
    } else {
        (
            either("FromPort", "PortRange", "From"),
            either("ToPort", "PortRange", "To"),
        )
    };
    // Others than these have no ports, whatever a rule says.
    let has_ports = matches!(protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6");
    let is_unknown = protocol.contains("${");
    if (!has_ports && !is_unknown) || from.is_null() {
        return Ports::All;
    }
    let from = text(&from);
    let to = if to.is_null() {
        from.clone()
    } else {
        text(&to)
    };
    let is_all = from == "-1" || (from == "0" && to == "65535" && !protocol.starts_with("icmp"));
    if is_all {
        Ports::All
    } else {
        Ports::Between(from, to)
    }
}

fn peers(rule: &Value) -> Vec<String> {
    let given = PEERS.into_iter().filter(|name| !rule[*name].is_null());
    let peers: Vec<String> = given.map(|name| reference_of(&text(&rule[name]))).collect();
    if peers.is_empty() {
        // Whoever it is, it is not known.
        return vec!["${?}".to_owned()];
    }
    peers
}
