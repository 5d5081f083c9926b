//! The files people share: encrypted by their browsers, kept for a day.

use constructs::prelude::*;

use crate::{account::Account, keep, settings::Environment};

pub(crate) fn files(app: &App, environment: &Environment, account: &Account) {
    let settings = &environment.settings;
    let stack = app.stack("files");
    stack
        .description("Chitchatter Pro: files that people share for a day")
        .termination_protection(settings.protected);

    let files = stack.add(
        "Files",
        PrivateBucket::new()
            .cors(
                Cors::from_origins(&settings.web.origins)
                    .methods([Method::Get, Method::Head, Method::Put])
                    // What an upload link has signed, the browser must be allowed to send.
                    .request_headers(["content-type", "x-amz-tagging", "if-none-match"])
                    .exposed_headers(["ETag"]),
            )
            .expire_after_days(1),
    );
    keep(&files, environment);

    stack.add("ApiPutsFiles", files.grant_put(&account.api));
    stack.add("ApiReadsFiles", files.grant_read(&account.api));

    stack.output("BucketName", files.id());
}
