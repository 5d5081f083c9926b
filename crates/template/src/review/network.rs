//! Security groups that let the internet in where only administrators and applications should come.

use serde_json::Value;

use super::subject::{Found, Subject, find};
use crate::{rules, validate::scalars};

/// Ports that nobody but administrators and applications should reach.
const GUARDED: &[(u16, &str)] = &[
    (22, "SSH"),
    (23, "Telnet"),
    (135, "RPC"),
    (445, "SMB"),
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2375, "Docker"),
    (2379, "etcd"),
    (3306, "MySQL"),
    (3389, "RDP"),
    (5432, "PostgreSQL"),
    (5439, "Redshift"),
    (5900, "VNC"),
    (5985, "WinRM"),
    (6379, "Redis"),
    (9200, "OpenSearch"),
    (11211, "Memcached"),
    (27017, "MongoDB"),
];

pub(super) fn check(subject: &mut Subject<'_, '_>) {
    match subject.type_name {
        "AWS::EC2::SecurityGroup" => {
            for (index, rule) in subject
                .find(&["SecurityGroupIngress"])
                .elements()
                .iter()
                .enumerate()
            {
                if let Some(message) = open(rule) {
                    subject.add(
                        &rules::OPEN_PORT,
                        &["SecurityGroupIngress", &index.to_string()],
                        message,
                    );
                }
            }
        }
        "AWS::EC2::SecurityGroupIngress" | "AWS::VPC::SecurityGroupIngress" => {
            if let Some(message) = subject.resource.properties().and_then(open) {
                subject.add(&rules::OPEN_PORT, &[], message);
            }
        }
        _ => {}
    }
}

/// What is wrong with a rule for incoming traffic.
fn open(rule: &Value) -> Option<String> {
    let from_anywhere = find(rule, &["CidrIp"]).text().as_deref() == Some("0.0.0.0/0")
        || find(rule, &["CidrIpv6"]).text().as_deref() == Some("::/0");
    if !from_anywhere {
        return None;
    }
    let protocol = find(rule, &["IpProtocol"]).text()?;
    if protocol == "-1" {
        return Some(
            "lets the whole internet in on every port; name ports and addresses".to_owned(),
        );
    }
    // 6 is TCP, 17 is UDP; others have no ports.
    if !["tcp", "6", "udp", "17"].contains(&protocol.to_ascii_lowercase().as_str()) {
        return None;
    }
    let port = |key| match find(rule, &[key]) {
        Found::Known(value) => scalars::number(value),
        Found::Absent | Found::Unknown => None,
    };
    let (from, to) = (port("FromPort")?, port("ToPort")?);
    let guarded: Vec<String> = GUARDED
        .iter()
        .filter(|(port, _)| (from..=to).contains(&f64::from(*port)))
        .map(|(port, name)| format!("{name} ({port})"))
        .collect();
    match guarded.as_slice() {
        [] => None,
        [one] => Some(format!(
            "lets the whole internet in to {one}; name addresses, or use Session Manager"
        )),
        [first, ..] => Some(format!(
            "lets the whole internet in to {} ports, {first} and {} more guarded ones among them; name ports and addresses",
            to - from + 1.0,
            guarded.len() - 1
        )),
    }
}
