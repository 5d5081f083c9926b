//! Secrets, as SSM keeps them.

use aws_sdk_ssm::types::{ParameterMetadata, ParameterStringFilter, ParameterType};

use super::{ApiOperation, Aws, rfc3339};
use crate::{
    error::{AwsError, AwsErrorKind},
    port::Answer,
    secrets::{Secrecy, SecretFact, SecretValue, Secrets},
};

/// The most names that one call asks for.
const MOST_NAMES: usize = 50;

impl Aws {
    async fn described(
        &self,
        filters: Vec<ParameterStringFilter>,
        target: Option<&str>,
    ) -> Result<Vec<SecretFact>, Box<AwsError>> {
        let call = self.call(ApiOperation::DescribeParameters, target);
        let request = self.ssm.describe_parameters();
        let request = request.set_parameter_filters(Some(filters));
        let mut pages = request.into_paginator().send();
        let mut facts = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call.failed(error))?;
            facts.extend(page.parameters.unwrap_or_default().into_iter().map(fact));
        }
        facts.sort_by(|one: &SecretFact, other| one.name.cmp(&other.name));
        Ok(facts)
    }
}

fn fact(metadata: ParameterMetadata) -> SecretFact {
    SecretFact {
        name: metadata.name.unwrap_or_default(),
        version: metadata.version,
        modified_at: metadata
            .last_modified_date
            .and_then(|date| rfc3339(date.to_millis().ok()?)),
        modified_by: metadata.last_modified_user,
    }
}

fn filter(
    key: &str,
    option: Option<&str>,
    values: impl IntoIterator<Item = String>,
) -> ParameterStringFilter {
    let mut filter = ParameterStringFilter::builder().key(key);
    filter = filter.set_option(option.map(str::to_owned));
    let filter = filter.set_values(Some(values.into_iter().collect()));
    filter.build().expect("a key is all that it must have")
}

impl Secrets for Aws {
    fn secrets<'a>(&'a self, path: &'a str) -> Answer<'a, Vec<SecretFact>> {
        Box::pin(async move {
            let filters = vec![
                filter("Path", Some("Recursive"), [path.to_owned()]),
                filter("Type", None, ["SecureString".to_owned()]),
            ];
            self.described(filters, Some(path)).await
        })
    }

    fn existing<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<SecretFact>> {
        Box::pin(async move {
            let mut facts = Vec::new();
            for names in names.chunks(MOST_NAMES) {
                let filters = vec![filter("Name", Some("Equals"), names.iter().cloned())];
                facts.extend(self.described(filters, None).await?);
            }
            Ok(facts)
        })
    }

    fn put_secret<'a>(
        &'a self,
        name: &'a str,
        value: &'a SecretValue,
        secrecy: Secrecy,
    ) -> Answer<'a, Option<i64>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::PutParameter, name);
            let request = self.ssm.put_parameter();
            let request = request
                .name(name)
                .value(value.expose())
                .r#type(ParameterType::SecureString)
                .overwrite(secrecy == Secrecy::Another);
            match request.send().await.map_err(|error| call.failed(error)) {
                Ok(answer) => Ok(Some(answer.version)),
                Err(error)
                    if error.kind == AwsErrorKind::AlreadyExists && secrecy == Secrecy::New =>
                {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
    }
}
