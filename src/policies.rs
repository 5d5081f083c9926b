//! The project's own rules: the files `policies/*.guard`.

use std::{fs, io, path::Path};

use ::policies::{Policies, PolicyError};
use assembly::nearest;
use template::{Suppression, Template};

use crate::{error::CommandError, project::Project};

/// The folder of a project's own rules.
const FOLDER: &str = "policies";
/// How the name of a file of rules ends.
const ENDING: &str = "guard";
/// The built-in rule of what is accepted and not found.
const UNUSED_SUPPRESSION: &str = "CIF091";

/// What one of the project's own rules finds in a template, or what is to be said of its acceptance.
pub(crate) struct OwnFinding {
    pub(crate) is_warning: bool,
    pub(crate) rule: String,
    pub(crate) message: String,
    /// The way from the template's root.
    pub(crate) path: Vec<String>,
    pub(crate) suppressed: Option<String>,
}

/// Reads a project's own rules; none when it has no folder of them.
pub(crate) fn read(project: &Project) -> Result<Policies, CommandError> {
    let folder = project.root.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Policies::default()),
        Err(error) => return Err(CommandError::cannot_read(&folder, &error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|error| CommandError::cannot_read(&folder, &error))?
            .path();
        if path
            .extension()
            .is_some_and(|extension| extension == ENDING)
        {
            let name = Path::new(FOLDER).join(path.file_name().unwrap_or_default());
            let text = fs::read_to_string(&path)
                .map_err(|error| CommandError::cannot_read(&name, &error))?;
            files.push((name.display().to_string(), text));
        }
    }
    // The order of a folder is not that of every machine.
    files.sort();
    Policies::parse(files).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        CommandError::usage(lines.join("\n  "))
            .hinted("the language of rules is told at https://docs.aws.amazon.com/cfn-guard/latest/ug/writing-rules.html")
    })
}

/// The error of a rule that cannot be evaluated.
pub(crate) fn failed(error: &PolicyError) -> CommandError {
    CommandError::usage(error.to_string())
}

/// What the rules find in a template. What `accepted` is about is accepted.
pub(crate) fn evaluate(
    policies: &Policies,
    template: &Template,
    accepted: &[Suppression],
) -> Result<Vec<OwnFinding>, PolicyError> {
    let violations = if policies.is_empty() {
        Vec::new()
    } else {
        policies.evaluate(template.body())?
    };
    let mut findings: Vec<OwnFinding> = violations
        .into_iter()
        .map(|violation| OwnFinding {
            is_warning: violation.is_warning(),
            rule: violation.rule,
            message: violation.message,
            path: violation.path,
            suppressed: None,
        })
        .collect();
    let mut unused = Vec::new();
    for suppression in accepted.iter().filter(|one| !one.is_built_in()) {
        let covered = findings.iter_mut().filter(|finding| {
            finding.rule == suppression.rule && finding.path.get(1) == Some(&suppression.logical_id)
        });
        let mut used = false;
        for finding in covered {
            finding
                .suppressed
                .get_or_insert_with(|| suppression.reason.clone());
            used = true;
        }
        if !used {
            unused.push(unused_suppression(policies, suppression));
        }
    }
    findings.extend(unused);
    Ok(findings)
}

fn unused_suppression(policies: &Policies, suppression: &Suppression) -> OwnFinding {
    let rule = &suppression.rule;
    let message = if policies.rules().any(|known| known == rule) {
        format!("`{rule}` is accepted and not found; take the acceptance away")
    } else {
        let near = nearest(rule, policies.rules())
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        format!("there is no rule `{rule}` that could be accepted{near}")
    };
    OwnFinding {
        is_warning: true,
        rule: UNUSED_SUPPRESSION.to_owned(),
        message,
        path: vec!["Resources".to_owned(), suppression.logical_id.clone()],
        suppressed: None,
    }
}
