//! A saved plan is executed exactly, or refused with everything that has moved.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    project::{Outcome, Project, snapshot},
    sample,
};

const FILE: &str = "assembly/messaging.template.json";

/// A project whose stack is deployed, and a saved plan of a change to it.
fn planned() -> Project {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    set_timeout(&project, 30, 60);
    project.run("plan -e local --out plan.json").ended_with(0);
    project
}

fn set_timeout(project: &Project, from: u32, to: u32) {
    project.edit(
        FILE,
        &format!(r#""VisibilityTimeout":{from}"#),
        &format!(r#""VisibilityTimeout":{to}"#),
    );
}

fn deploy(project: &Project) -> Outcome {
    project.run("deploy -e local --plan plan.json")
}

/// Makes sure that a plan is refused, with these words, and that the project is still at what was deployed.
#[track_caller]
fn refused(project: &Project, words: &[&str]) -> Outcome {
    let outcome = deploy(project).ended_with(1);
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "`{word}` is not said\n{outcome}"
        );
    }
    outcome
}

/// Changes the plan file and seals it again, as someone who knows how would.
fn forge(project: &Project, change: impl FnOnce(&mut Value)) {
    let mut value = project.read_json("plan.json");
    change(&mut value);
    let plan: plan::Plan = serde_json::from_value(value).expect("it is a plan still");
    let text = serde_json::to_string(&plan.seal()).expect("it is data");
    project.write("plan.json", &text);
}

/// Calls the embedded endpoint as another program would; the answer's body.
fn call(project: &Project, fields: &[(&str, &str)]) -> String {
    let (_server, address) = project.serve("");
    call_at(&address, fields)
}

fn call_at(address: &str, fields: &[(&str, &str)]) -> String {
    let mut curl = Command::new("python3");
    let pairs = serde_json::to_string(fields).expect("it is data");
    curl.args([
        "-c",
        "import json, sys, urllib.parse, urllib.request, urllib.error\n\
         body = urllib.parse.urlencode([tuple(p) for p in json.loads(sys.argv[2])]).encode()\n\
         try: print(urllib.request.urlopen(sys.argv[1], body).read().decode())\n\
         except urllib.error.HTTPError as error: print(error.read().decode())\n",
        address,
        &pairs,
    ]);
    let output = curl
        .output()
        .expect("Python is on every machine that tests");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it is text")
}

#[test]
fn a_saved_plan_says_what_it_is_bound_to_and_is_executed_once() {
    let project = planned();
    let plan = project.read_json("plan.json");
    assert_eq!(plan["seal"]["tool"], env!("CARGO_PKG_VERSION"));
    assert_eq!(plan["seal"]["assembly"].as_str().map(str::len), Some(64));
    let stack = &plan["stacks"][0];
    assert_eq!(stack["wave"], 1);
    let seal = &stack["seal"];
    assert!(
        seal["change_set"]["id"]
            .as_str()
            .is_some_and(|id| id.starts_with(
                "arn:aws:cloudformation:us-east-1:000000000000:changeSet/chitinfra-saved-"
            )),
        "{seal:#}"
    );
    assert!(seal["deployed"]["id"].is_string(), "{seal:#}");
    assert!(seal["deployed"]["updated_at"].is_string(), "{seal:#}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(project.path("plan.json"))
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Another look at the same does not take the change set away.
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(3);
    project.run("plan -e local --out again.json").ended_with(0);

    snapshot!(deploy(&project).ended_with(0), @"
    exit status: 0
    --- stdout
    messaging.JobsUrl    https://sqs.us-east-1.amazonaws.com/000000000000/sample-local-messaging-Jobs-[RANDOM]
    messaging.AlarmsArn  arn:aws:sns:us-east-1:000000000000:sample-local-messaging-Alarms-[RANDOM]
    --- stderr
    Plan for local · account 0000-0000-0000 · us-east-1

    ~ messaging  1 resource changes
      ~ Jobs  AWS::SQS::Queue  stacks/src/messaging.rs:10
          VisibilityTimeout  30 → 60

    0 to create, 1 to update, 0 to replace, 0 to delete. Nothing stateful is lost.

    updating messaging (1 resource)
      ✓ messaging/Jobs  AWS::SQS::Queue  UPDATE_COMPLETE  [TIME]
    messaging updated  [TIME]
    ");
    snapshot!(deploy(&project).ended_with(0), @"
    exit status: 0
    --- stdout
    messaging.JobsUrl    https://sqs.us-east-1.amazonaws.com/000000000000/sample-local-messaging-Jobs-[RANDOM]
    messaging.AlarmsArn  arn:aws:sns:us-east-1:000000000000:sample-local-messaging-Alarms-[RANDOM]
    --- stderr
    Nothing to do: this plan was deployed already.
    ");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn a_new_stack_waits_in_a_shell_that_nobody_minds() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("plan -e local --out plan.json").ended_with(0);
    let status = project.json("status -e local --json");
    assert_eq!(status["stacks"][0]["health"], "absent", "{status:#}");
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["stacks"][0]["action"], "create", "{plan:#}");
    assert_eq!(plan["stacks"][0].get("seal"), None, "{plan:#}");
    deploy(&project).ended_with(0);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);

    let other = Project::with_stacks([("messaging", sample::messaging())]);
    other.run("plan -e local --out plan.json").ended_with(0);
    other.run("destroy -e local --yes").ended_with(0);
    refused(
        &other,
        &[
            "stack `messaging`: its change set `chitinfra-saved-",
            "is gone",
        ],
    );
    // A plain deployment takes the shell over.
    other.run("plan -e local --out plan.json").ended_with(0);
    other.run("deploy -e local").ended_with(0);
    refused(&other, &["it did not exist, and now it does", "is gone"]);
}

#[test]
fn another_template_is_refused_and_the_plan_waits_for_the_right_one() {
    let project = planned();
    set_timeout(&project, 60, 90);
    snapshot!(refused(&project, &[]), @"
    exit status: 1
    --- stderr
    error: this is no longer what was planned
      stack `messaging`: its template is another than the one that was planned

    hint: its change sets are kept, for when what moved is put back: `chitinfra-saved-[DIGEST]` of messaging
    hint: plan again, and have that approved
    ");
    set_timeout(&project, 90, 60);
    deploy(&project).ended_with(0);
}

#[test]
fn a_stack_that_someone_deployed_since_is_refused() {
    let project = planned();
    set_timeout(&project, 60, 90);
    project.run("deploy -e local").ended_with(0);
    set_timeout(&project, 90, 60);
    snapshot!(refused(&project, &[]), @"
    exit status: 1
    --- stderr
    error: this is no longer what was planned
      stack `messaging`: someone has deployed it: it was last changed at `[DATE]` when it was planned, now at `[DATE]`
      stack `messaging`: someone has deployed another template
      stack `messaging`: its change set `chitinfra-saved-[DIGEST]` is gone

    hint: plan again, and have that approved
    ");
}

#[test]
fn an_update_without_a_change_set_makes_the_plan_obsolete() {
    let project = planned();
    let other = sample::messaging()
        .to_string()
        .replace(r#""DisplayName":"Alarms""#, r#""DisplayName":"Bells""#);
    let (server, address) = project.serve("");
    let answer = call_at(
        &address,
        &[
            ("Action", "UpdateStack"),
            ("StackName", "sample-local-messaging"),
            ("TemplateBody", &other),
        ],
    );
    assert!(answer.contains("<StackId>"), "{answer}");
    std::thread::sleep(std::time::Duration::from_millis(500));
    drop(server);
    refused(
        &project,
        &[
            "stack `messaging`: someone has deployed it",
            "stack `messaging`: someone has deployed another template",
            "is obsolete: the stack was changed since it was made",
            "hint: its other change sets were deleted",
        ],
    );
    let answer = call(
        &project,
        &[
            ("Action", "ListChangeSets"),
            ("StackName", "sample-local-messaging"),
        ],
    );
    assert!(!answer.contains("chitinfra-saved"), "{answer}");
}

#[test]
fn a_stack_that_was_made_again_is_another() {
    let project = planned();
    project.run("destroy -e local --yes").ended_with(0);
    refused(&project, &["stack `messaging`: it no longer exists"]);

    let project = planned();
    project.run("destroy -e local --yes").ended_with(0);
    set_timeout(&project, 60, 30);
    project.run("deploy -e local").ended_with(0);
    set_timeout(&project, 30, 60);
    refused(&project, &["it was deleted and made again"]);
}

#[test]
fn a_change_set_that_was_deleted_or_executed_by_hand_is_noticed() {
    let project = planned();
    let set = project.read_json("plan.json")["stacks"][0]["seal"]["change_set"]["id"]
        .as_str()
        .expect("it has one")
        .to_owned();
    call(
        &project,
        &[("Action", "DeleteChangeSet"), ("ChangeSetName", &set)],
    );
    refused(&project, &["its change set `chitinfra-saved-", "is gone"]);

    // Executed elsewhere, it is done all the same.
    project.run("plan -e local --out plan.json").ended_with(0);
    let set = project.read_json("plan.json")["stacks"][0]["seal"]["change_set"]["id"]
        .as_str()
        .expect("it has one")
        .to_owned();
    let (server, address) = project.serve("");
    call_at(
        &address,
        &[("Action", "ExecuteChangeSet"), ("ChangeSetName", &set)],
    );
    std::thread::sleep(std::time::Duration::from_millis(500));
    drop(server);
    deploy(&project)
        .ended_with(0)
        .says("this plan was deployed already");
}

#[test]
fn parameters_tags_protection_and_order_are_compared() {
    let project = planned();
    let manifest = project.read("assembly/manifest.json");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&manifest).expect("it is JSON");
        change(&mut value["stacks"][0]);
        project.write("assembly/manifest.json", &value.to_string());
    };
    with(&|stack| stack["tags"] = json!({"Owner": "me"}));
    refused(
        &project,
        &["stack `messaging`: tag `Owner` was nothing in the plan, now `me`"],
    );
    with(&|stack| stack["termination_protection"] = json!(true));
    refused(
        &project,
        &["stack `messaging`: its protection against deletion is another"],
    );
    with(&|stack| {
        stack["allowed_losses"] =
            json!([{"logical_id": "Jobs", "until": "2099-01-01", "reason": "x"}]);
    });
    refused(&project, &["the stacks are other ones than were planned"]);
    with(&|_| {});
    deploy(&project).ended_with(0);
}

/// A stack with a secret and a plain parameter.
fn with_secrets(secret: &str, size: &str) -> Project {
    let template = json!({
        "Parameters": {
            "Token": {"Type": "String", "NoEcho": true},
            "Fallback": {"Type": "String", "NoEcho": true, "Default": "planted-default"},
            "Size": {"Type": "Number"}
        },
        "Resources": {
            "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {
                "VisibilityTimeout": {"Ref": "Size"},
                "Tags": [{"Key": "Token", "Value": {"Fn::Sub": "x-${Token}-${Fallback}"}}]}},
            "Held": {"Type": "AWS::SSM::Parameter", "Properties": {
                "Type": "String", "Value": "{{resolve:ssm:/sample/planted}}"}},
            "Login": {"Type": "AWS::SNS::Topic", "Properties": {
                "DisplayName": "{{resolve:secretsmanager:sample:SecretString:password}}"}}
        }
    });
    let project = Project::with_stacks([("messaging", template)]);
    set_parameters(&project, secret, size);
    project
}

fn set_parameters(project: &Project, secret: &str, size: &str) {
    let mut manifest = project.read_json("assembly/manifest.json");
    manifest["stacks"][0]["parameters"] = json!({"Token": secret, "Size": size});
    project.write("assembly/manifest.json", &manifest.to_string());
}

#[test]
fn a_secret_is_nowhere_in_the_file_and_its_change_is_noticed() {
    let project = with_secrets("planted-one", "30");
    let put = |value: &str| {
        let (_server, address) = project.serve("");
        let mut python = Command::new("python3");
        python.args([
            "-c",
            "import sys, urllib.request\n\
             request = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), {\n\
               'X-Amz-Target': 'AmazonSSM.PutParameter', 'Content-Type': 'application/x-amz-json-1.1'})\n\
             urllib.request.urlopen(request)\n",
            &address,
            &json!({"Name": "/sample/planted", "Value": value, "Type": "String", "Overwrite": true})
                .to_string(),
        ]);
        let output = python
            .output()
            .expect("Python is on every machine that tests");
        assert!(output.status.success(), "{output:?}");
    };
    put("planted-held");
    let no_secret = |text: &str| assert!(!text.contains("planted-"), "{text}");
    project.run("plan -e local --out plan.json").ended_with(0);
    no_secret(&project.read("plan.json"));
    deploy(&project).ended_with(0);

    // Every way to change something: another secret, another plain value, another text around the secret.
    put("planted-held-two");
    set_parameters(&project, "planted-two", "60");
    project.edit(FILE, "x-${Token}", "y-${Token}");
    let outcome = project.run("plan -e local --out plan.json").ended_with(0);
    no_secret(&project.read("plan.json"));
    no_secret(&outcome.stdout);
    for form in ["--json", "--markdown", "--html plan.html"] {
        no_secret(
            &project
                .run(&format!("plan -e local {form}"))
                .ended_with(0)
                .stdout,
        );
    }
    no_secret(&project.read("plan.html"));

    set_parameters(&project, "planted-three", "60");
    let outcome = refused(
        &project,
        &["stack `messaging`: parameter `Token` has another value than was planned"],
    );
    no_secret(&outcome.stderr);
    set_parameters(&project, "planted-two", "90");
    refused(&project, &["parameter `Size` has another value"]);
    set_parameters(&project, "planted-two", "60");
    deploy(&project).ended_with(0);
    // The secret alone has changed: only CloudFormation can tell.
    set_parameters(&project, "planted-four", "60");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(3);
}

#[test]
fn a_plan_for_somewhere_else_is_refused_before_anything_is_asked() {
    let project = planned();
    project.write_environment("other", "never", "embedded");
    project.edit("environments/other.yaml", "us-east-1", "eu-west-1");
    snapshot!(project.run("deploy -e other --plan plan.json").ended_with(1), @"
        exit status: 1
        --- stderr
        error: this is no longer what was planned
          the plan is for environment `local`, not `other`
          the plan is for region `us-east-1`, not `eu-west-1`

        hint: plan again, and have that approved
        ");
    forge(&project, |plan| plan["account"] = json!("111122223333"));
    refused(
        &project,
        &["the plan is for account `111122223333`, not `000000000000`"],
    );
}

#[test]
fn a_plan_of_another_commit_or_program_is_refused() {
    let project = planned();
    forge(&project, |plan| plan["commit"] = json!("4f8f391"));
    refused(
        &project,
        &[
            "the plan is of commit `4f8f391`, this is `none`",
            "hint: its change sets are kept",
        ],
    );
    forge(&project, |plan| plan["seal"]["tool"] = json!("99.0.0"));
    refused(
        &project,
        &["the plan was made by chitinfra `99.0.0`, this is `"],
    );
    forge(&project, |plan| {
        plan["seal"]["format_version"] = json!("9.0");
    });
    refused(&project, &["the plan is sealed by rules `9.0`"]);
    project.edit(
        "plan.json",
        "\"format_version\":\"1.0\"",
        "\"format_version\":\"2.0\"",
    );
    refused(
        &project,
        &["is a plan of format `2.0`, this program reads `1.0`"],
    );
}

#[test]
fn a_commit_is_recorded_with_whether_the_tree_was_clean() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let git = |words: &str| {
        let status = Command::new("git")
            .current_dir(project.path("."))
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(words.split_whitespace())
            .output()
            .expect("git is on every machine that tests");
        assert!(status.status.success(), "{status:?}");
    };
    project.write(".gitignore", ".chitinfra\n*.json.plan\n");
    git("init --quiet");
    git("add .");
    git("commit --quiet --message one");
    project.run("plan -e local --out a.json.plan").ended_with(0);
    let clean = project.read_json("a.json.plan");
    assert_eq!(clean["seal"]["dirty"], false);
    project.write("new", "x");
    project.run("plan -e local --out a.json.plan").ended_with(0);
    assert_eq!(project.read_json("a.json.plan")["seal"]["dirty"], true);
    git("add .");
    git("commit --quiet --message two");
    let outcome = project
        .run("deploy -e local --plan a.json.plan")
        .ended_with(1);
    let commit = clean["commit"].as_str().expect("there is one");
    assert!(
        outcome
            .stderr
            .contains(&format!("the plan is of commit `{commit}`")),
        "{outcome}"
    );
}

#[test]
fn a_file_that_was_changed_or_is_none_is_refused() {
    let project = planned();
    let good = project.read("plan.json");
    project.edit("plan.json", "\"after\": 60", "\"after\": 61");
    refused(&project, &["`plan.json` was changed after it was saved"]);
    project.write("plan.json", "{");
    deploy(&project)
        .ended_with(2)
        .says("`plan.json` is not a plan");
    project.write("plan.json", "[1]");
    deploy(&project)
        .ended_with(2)
        .says("`plan.json` is not a plan");
    let shown = project.run("plan -e local --json").ended_with(0).stdout;
    project.write("plan.json", &shown);
    deploy(&project)
        .ended_with(2)
        .says("is a plan that was printed, not one that was saved");
    fs::remove_file(project.path("plan.json")).expect("it is there");
    deploy(&project)
        .ended_with(2)
        .says("cannot read `plan.json`");
    // None of this has cost the real one its change set.
    project.write("plan.json", &good);
    deploy(&project).ended_with(0);
}

#[test]
fn a_change_set_that_does_something_else_is_not_executed() {
    let project = planned();
    let own = project.read_json("plan.json");
    set_timeout(&project, 60, 90);
    project.run("plan -e local --out other.json").ended_with(0);
    let other = project.read_json("other.json");
    set_timeout(&project, 90, 60);
    forge(&project, |plan| {
        plan["stacks"][0]["seal"]["change_set"]["id"] =
            other["stacks"][0]["seal"]["change_set"]["id"].clone();
    });
    refused(
        &project,
        &["the change set that the plan names does something else than the plan says"],
    );
    project.write("plan.json", &own.to_string());
    deploy(&project).ended_with(0);
}

#[test]
fn a_change_set_that_a_killed_plan_left_is_taken_away_by_the_next() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    // What a plan leaves that is killed between making its change set and deleting it: made here by saving, and renamed
    // to what it would have been called.
    project.run("plan -e local --out plan.json").ended_with(0);
    let name = project.read_json("plan.json")["stacks"][0]["seal"]["change_set"]["name"]
        .as_str()
        .expect("it has one")
        .to_owned();
    let (server, address) = project.serve("");
    let left = name.replace("saved", "plan");
    let answer = call_at(
        &address,
        &[
            ("Action", "CreateChangeSet"),
            ("StackName", "sample-local-messaging"),
            ("ChangeSetName", &left),
            ("ChangeSetType", "CREATE"),
            ("TemplateBody", &project.read(FILE)),
        ],
    );
    assert!(answer.contains("<StackId>"), "{answer}");
    call_at(
        &address,
        &[
            ("Action", "DeleteChangeSet"),
            ("StackName", "sample-local-messaging"),
            ("ChangeSetName", &name),
        ],
    );
    drop(server);
    project.run("plan -e local").ended_with(0);
    // With the last change set the shell has gone, too.
    let stacks = call(&project, &[("Action", "DescribeStacks")]);
    assert!(!stacks.contains("sample-local-messaging"), "{stacks}");
}

/// Two stacks, of which the second reads an output of the first.
fn chain(name: &str, more: &Value) -> [(&'static str, Value); 2] {
    let mut reader = json!({"Resources": {"Alarms": {"Type": "AWS::SNS::Topic", "Properties": {
        "DisplayName": {"Fn::Join": ["", [{"Fn::GetStackOutput": {
            "StackName": "sample-local-base", "OutputName": "Name"}}]]}}}}});
    if let (Value::Object(into), Value::Object(more)) = (&mut reader["Resources"], more) {
        into.extend(more.clone());
    }
    let base = json!({
        "Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"Name": {"Value": name}}
    });
    [("base", base), ("reader", reader)]
}

#[test]
fn a_provisional_stack_is_planned_again_and_held_to_what_was_said() {
    let project = Project::with_stacks(chain("one", &json!({})));
    project.run("deploy -e local").ended_with(0);
    project.set_stacks(chain("two", &json!({})));
    let outcome = project.run("plan -e local --out plan.json").ended_with(0);
    assert!(
        outcome
            .stdout
            .contains("provisional: it reads `Name` of `base`"),
        "{outcome}"
    );
    let plan = project.read_json("plan.json");
    let reader = &plan["stacks"][1];
    assert_eq!(
        (&reader["provisional"], &reader["wave"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(reader["seal"]["change_set"], Value::Null);
    assert_eq!(
        reader["changes"][0]["properties"][0]["causes"],
        json!([{"kind": "output", "stack_name": "sample-local-base", "output": "Name"}]),
        "{reader:#}"
    );
    deploy(&project).ended_with(0);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
    deploy(&project)
        .ended_with(0)
        .says("this plan was deployed already");
}

#[test]
fn a_provisional_stack_that_would_do_more_stops_with_what_is_new() {
    let project = Project::with_stacks(chain("one", &json!({})));
    project.run("deploy -e local").ended_with(0);
    project.set_stacks(chain("two", &json!({})));
    project.run("plan -e local --out plan.json").ended_with(0);
    // The plan speaks of less than what will come.
    forge(&project, |plan| plan["stacks"][1]["changes"] = json!([]));
    let outcome = deploy(&project).ended_with(1);
    assert!(
        outcome.stderr.contains("stack `reader` would now do what the plan does not say\n  `Alarms` (AWS::SNS::Topic) would change too"),
        "{outcome}"
    );
    // What came before is done, the rest is as it was, and a new plan goes on from there.
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["stacks"][0]["action"], "none", "{plan:#}");
    assert_eq!(plan["stacks"][1]["action"], "update", "{plan:#}");
    project.run("deploy -e local").ended_with(0);
}

#[test]
fn a_deployment_that_stopped_half_way_goes_on_with_the_same_plan() {
    let project = Project::with_stacks([
        ("messaging", sample::messaging()),
        ("storage", sample::storage()),
    ]);
    project.run("plan -e local --out plan.json").ended_with(0);
    // The first stack only: as when the run is killed after it.
    let plan = project.read_json("plan.json");
    let set = plan["stacks"][0]["seal"]["change_set"]["id"]
        .as_str()
        .expect("it has one");
    let (server, address) = project.serve("");
    call_at(
        &address,
        &[("Action", "ExecuteChangeSet"), ("ChangeSetName", set)],
    );
    std::thread::sleep(std::time::Duration::from_millis(500));
    drop(server);
    deploy(&project).ended_with(0);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn a_plan_that_failed_is_not_tried_again() {
    let project = planned();
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Jobs", "step": "update", "reason": "no room"}]}"#,
    );
    let (server, _) = project.serve("--faults faults.json");
    deploy(&project).ended_with(1).says("no room");
    drop(server);
    refused(
        &project,
        &[
            "this plan was executed before, and that failed: the stack is in `UPDATE_ROLLBACK_COMPLETE`",
        ],
    );
    project.run("plan -e local --out plan.json").ended_with(0);
    deploy(&project).ended_with(0);
}

#[test]
fn what_may_not_be_read_is_said_and_never_taken_for_no_change() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    let denied = |operations: &str, words: &str, check: &dyn Fn(Outcome)| {
        project.write("faults.json", &format!(r#"{{"deny": [{operations}]}}"#));
        let (_server, _) = project.serve("--faults faults.json");
        check(project.run(words));
    };
    for (operations, call) in [
        (r#""DescribeStacks""#, "cloudformation:DescribeStacks"),
        (
            r#""GetTemplate", "CreateChangeSet""#,
            "cloudformation:GetTemplate",
        ),
    ] {
        denied(
            operations,
            "plan -e local --json --detailed-exitcode",
            &|outcome| {
                let plan = outcome.ended_with(3).json();
                let stack = &plan["stacks"][0];
                assert_eq!(stack["action"], "update", "{plan:#}");
                let reason = stack["unverified"].as_str().unwrap_or_default();
                assert!(reason.contains(call), "{plan:#}");
            },
        );
        for form in ["", "--markdown", "--html plan.html"] {
            denied(operations, &format!("plan -e local {form}"), &|outcome| {
                let mut text = outcome.ended_with(0).stdout;
                if form.contains("html") {
                    text = project.read("plan.html");
                }
                assert!(text.contains(call), "{text}");
                assert!(!text.to_lowercase().contains("no change"), "{text}");
                assert!(!text.contains("Nothing stateful is lost"), "{text}");
            });
        }
        denied(operations, "deploy -e local", &|outcome| {
            outcome.ended_with(1).says(call);
        });
    }
    // CloudFormation itself can tell that nothing changes.
    denied(
        r#""GetTemplate""#,
        "plan -e local --detailed-exitcode",
        &|outcome| {
            outcome.ended_with(0).says("No changes");
        },
    );
    // With nothing to ask for, nothing is missing.
    denied(
        r#""CreateChangeSet""#,
        "plan -e local --detailed-exitcode",
        &|outcome| {
            outcome.ended_with(0).says("No changes");
        },
    );
    set_timeout(&project, 30, 60);
    denied(
        r#""CreateChangeSet""#,
        "plan -e local --out plan.json",
        &|outcome| {
            snapshot!(outcome.ended_with(0), @"
            exit status: 0
            --- stdout
            Plan for local · account 0000-0000-0000 · us-east-1

            ~ messaging  1 resource changes
              not verified: `cloudformation:CreateChangeSet` is not allowed: this is told from the templates alone
              ~ Jobs  AWS::SQS::Queue  stacks/src/messaging.rs:10
                  VisibilityTimeout  30 → 60

            0 to create, 1 to update, 0 to replace, 0 to delete.
            NOT VERIFIED  messaging: more may change than is shown
            --- stderr
            warning: plan.json was saved, but cannot be deployed: messaging could not be verified
            ");
        },
    );
    refused(
        &project,
        &["it has no change set: whoever made the plan was not allowed to make one"],
    );
}

/// The text of a deployed template.
fn deployed(project: &Project, stack: &str) -> String {
    let name = format!("sample-local-{stack}");
    let answer = call(project, &[("Action", "GetTemplate"), ("StackName", &name)]);
    let (_, rest) = answer.split_once("<TemplateBody>").expect("it has one");
    let (text, _) = rest.split_once("</TemplateBody>").expect("it ends");
    text.replace("&quot;", "\"")
}

#[test]
fn differences_of_form_are_left_alone_or_written_exactly() {
    let project = Project::with_stacks([("storage", sample::storage())]);
    project.run("deploy -e local").ended_with(0);
    let before = deployed(&project, "storage");
    let file = "assembly/storage.template.json";
    project.edit(file, r#""Action":"s3:*""#, r#""Action":["s3:*"]"#);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
    project
        .run("deploy -e local")
        .ended_with(0)
        .says("Nothing to do");
    assert_eq!(deployed(&project, "storage"), before);
    snapshot!(project.run("plan -e local --exact --detailed-exitcode").ended_with(3), @"
    exit status: 3
    --- stdout
    Plan for local · account 0000-0000-0000 · us-east-1

    ~ storage  rewritten, only its form changes
      differs in form only: Access

    0 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.
    ");
    project.run("deploy -e local --exact").ended_with(0);
    assert_eq!(deployed(&project, "storage"), project.read(file));
    project
        .run("plan -e local --exact --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn what_cloudformation_takes_for_the_same_cannot_be_rewritten_and_that_is_said() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    project.edit(
        FILE,
        r#""VisibilityTimeout":30"#,
        r#""VisibilityTimeout":"30""#,
    );
    project
        .run("plan -e local --exact --detailed-exitcode")
        .ended_with(0)
        .says("messaging: cannot be rewritten: to CloudFormation both templates are the same");
}

#[test]
fn a_comparison_with_another_assembly_needs_nothing_of_aws() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write_environment("local", "always", "aws");
    let base = project.path("base");
    fs::create_dir(&base).expect("it is new");
    for file in ["manifest.json", "messaging.template.json"] {
        fs::copy(project.path("assembly").join(file), base.join(file)).expect("writable");
    }
    set_timeout(&project, 30, 60);
    let mut command = project.command("plan -e local --against base --detailed-exitcode");
    // No home, no configuration, and whatever is reached over a network is reached in vain.
    let nowhere = "http://127.0.0.1:9";
    command
        .env("HOME", project.path("no-home"))
        .env("HTTP_PROXY", nowhere)
        .env("HTTPS_PROXY", nowhere)
        .env("AWS_ENDPOINT_URL", nowhere);
    project
        .finish(&mut command)
        .ended_with(3)
        .says("VisibilityTimeout");

    let mut command = project.command("plan -e local");
    command.env("HOME", project.path("no-home"));
    snapshot!(project.finish(&mut command).ended_with(1), @"
    exit status: 1
    --- stderr
    error: no AWS credentials were found: looked for `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` in the environment, the profile `default` with its keys, role, SSO sign-in or process, a web identity token, and the role of a container or an instance

    hint: set `AWS_PROFILE` or pass `--profile`, or sign in with `aws sso login`; `-e local` needs none
    hint: without credentials, compare with another assembly, such as that of the base branch (`chitinfra synth -e local -o DIR` there):

        chitinfra plan -e local --against DIR
    ");
}

#[test]
fn a_sign_in_that_has_expired_is_named() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write_environment("local", "always", "aws");
    project.write(
        "config",
        "[profile work]\nsso_session = work\nsso_account_id = 000000000000\nsso_role_name = reader\nregion = us-east-1\n\
         [sso-session work]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n",
    );
    // The SDK finds a sign-in by the SHA-1 of its session's name.
    project.write(
        "home/.aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json",
        r#"{"accessToken": "x", "expiresAt": "2020-01-01T00:00:00Z", "region": "us-east-1", "startUrl": "https://example.awsapps.com/start"}"#,
    );
    let mut command = project.command("plan -e local --profile work");
    command
        .env("HOME", project.path("home"))
        .env("AWS_CONFIG_FILE", project.path("config"));
    snapshot!(project.finish(&mut command).ended_with(1), @"
    exit status: 1
    --- stderr
    error: the AWS credentials have expired, or the sign-in they come from: the SSO token has expired and cannot be refreshed

    hint: sign in again (`aws sso login`, with `--profile NAME` for a profile), then repeat the command
    hint: without credentials, compare with another assembly, such as that of the base branch (`chitinfra synth -e local -o DIR` there):

        chitinfra plan -e local --against DIR
    ");
}
