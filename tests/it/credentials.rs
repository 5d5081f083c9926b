//! Whose credentials a command has, and when they run out.

use crate::{project::Project, sample};

#[test]
fn credentials_that_run_out_stop_the_following_and_not_the_deployment() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "faults.json",
        r#"{"delay": [{"resource": "Jobs", "milliseconds": 1000}], "calls": [{"operation": "DescribeStackEvents", "from": 2, "times": 1, "trouble": "expired"}]}"#,
    );
    let (_server, _) = project.serve("--faults faults.json");
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("how `messaging` ends is not known, it goes on without being followed")
        .says("the AWS credentials have expired")
        .says("messaging is not stopped by this")
        .says("the same command again follows it to its end")
        .says("aws sso login");
    project.run("deploy -e local").ended_with(0);
    let status = project.json("status -e local --json");
    assert_eq!(status["stacks"][0]["health"], "healthy", "{status:#}");
}
