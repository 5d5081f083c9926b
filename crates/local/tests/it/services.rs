//! STS, S3 and SSM, and what they have in common with CloudFormation: one port.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::client::{Answer, Client, Endpoint};

fn ssm(client: Client, operation: &str, input: &Value) -> (u16, Value) {
    let target = format!("AmazonSSM.{operation}");
    let headers = [
        ("x-amz-target", target.as_str()),
        ("content-type", "application/x-amz-json-1.1"),
    ];
    let answer = client
        .send("POST", "/", &headers, input.to_string().as_bytes())
        .unwrap();
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[test]
fn the_caller_is_the_account() {
    let endpoint = Endpoint::start();
    let answer = endpoint
        .client
        .send(
            "POST",
            "/",
            &[("content-type", "application/x-www-form-urlencoded")],
            b"Action=GetCallerIdentity&Version=2011-06-15",
        )
        .unwrap()
        .good();
    assert_eq!(answer.text("Account").as_deref(), Some("000000000000"));
}

#[test]
fn a_role_that_a_stack_has_made_can_be_assumed() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let sts = |fields: &str, headers: &[(&str, &str)]| {
        let body = format!("{fields}&Version=2011-06-15");
        let form = ("content-type", "application/x-www-form-urlencoded");
        let headers: Vec<_> = headers.iter().copied().chain([form]).collect();
        client.send("POST", "/", &headers, body.as_bytes()).unwrap()
    };
    let assume =
        "Action=AssumeRole&RoleSessionName=me&RoleArn=arn:aws:iam::000000000000:role/deployer";
    let (code, message) = sts(assume, &[]).refused();
    assert_eq!(code, "AccessDenied");
    assert!(message.contains("role/deployer"), "{message}");

    let role = json!({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "deployer",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
    }}}});
    let role = role.to_string();
    let fields = [
        ("StackName", "roles"),
        ("TemplateBody", role.as_str()),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
    ];
    client.call("CreateStack", &fields).good();
    assert_eq!(client.wait("roles"), "CREATE_COMPLETE");
    let answer = sts(assume, &[]).good();
    let token = answer.text("SessionToken").unwrap();
    assert!(answer.text("AccessKeyId").unwrap().starts_with("ASIA"));
    let caller = "Action=GetCallerIdentity";
    let caller = sts(caller, &[("x-amz-security-token", &token)]).good();
    assert_eq!(
        caller.text("Arn").as_deref(),
        Some("arn:aws:sts::000000000000:assumed-role/deployer/me")
    );
    let (code, _) = sts(&format!("{assume}&DurationSeconds=1"), &[]).refused();
    assert_eq!(code, "ValidationError");
}

/// A role that may look at one stack, and that workflows of one repository may take on.
fn roles() -> Value {
    let provider = "arn:aws:iam::000000000000:oidc-provider/tokens.example.com";
    json!({"Resources": {
        "Provider": {"Type": "AWS::IAM::OIDCProvider", "Properties": {
            "Url": "https://tokens.example.com", "ClientIdList": ["sts.amazonaws.com"]}},
        "Looks": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "ManagedPolicyName": "looks",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow",
                "Action": "cloudformation:DescribeStacks",
                "Resource": "arn:aws:cloudformation:us-east-1:000000000000:stack/roles/*"}}}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "reader",
            "ManagedPolicyArns": [{"Ref": "Looks"}],
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": provider},
                "Condition": {"StringLike": {"tokens.example.com:sub": "repo:owner/name:*"}}}]}}},
    }})
}

/// Calls a service of the Query protocol, as a session of a role if there is a token.
fn query(client: Client, token: Option<&str>, version: &str, fields: &str) -> Answer {
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(token.map(|token| ("x-amz-security-token", token)));
    let body = format!("{fields}&Version={version}");
    client.send("POST", "/", &headers, body.as_bytes()).unwrap()
}

fn web_identity(client: Client, claims: &Value) -> Answer {
    let body = URL_SAFE_NO_PAD.encode(claims.to_string());
    let fields = format!(
        "Action=AssumeRoleWithWebIdentity&RoleSessionName=job&RoleArn=arn:aws:iam::000000000000:role/reader&WebIdentityToken=e30.{body}.c2ln"
    );
    query(client, None, "2011-06-15", &fields)
}

#[test]
fn a_session_of_a_role_may_do_what_its_policies_allow() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let template = roles().to_string();
    let fields = [
        ("StackName", "roles"),
        ("TemplateBody", template.as_str()),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
    ];
    client.call("CreateStack", &fields).good();
    assert_eq!(client.wait("roles"), "CREATE_COMPLETE");
    let claims = |change: (&str, Value)| {
        let mut claims = json!({"iss": "https://tokens.example.com", "aud": "sts.amazonaws.com",
            "sub": "repo:owner/name:pull_request", "exp": 4_102_444_800_u64});
        claims[change.0] = change.1;
        claims
    };
    for (change, code) in [
        (
            ("iss", json!("https://other.example.com")),
            "InvalidIdentityToken",
        ),
        (("aud", json!("someone-else")), "InvalidIdentityToken"),
        (
            ("sub", json!("repo:owner/other:pull_request")),
            "AccessDenied",
        ),
        (("exp", json!(1)), "ExpiredTokenException"),
    ] {
        let (found, message) = web_identity(client, &claims(change)).refused();
        assert_eq!(found, code, "{message}");
    }
    let answer = web_identity(client, &claims(("aud", json!(["x", "sts.amazonaws.com"])))).good();
    assert_eq!(
        answer.text("SubjectFromWebIdentityToken").as_deref(),
        Some("repo:owner/name:pull_request")
    );
    let token = answer.text("SessionToken").unwrap();
    let ask = |fields: &str| query(client, Some(&token), "2010-05-15", fields);
    ask("Action=DescribeStacks&StackName=roles").good();
    for refused in [
        "Action=DescribeStacks&StackName=other",
        "Action=DescribeStacks",
        "Action=ListStackResources&StackName=roles",
        "Action=DeleteStack&StackName=roles",
    ] {
        let (code, message) = ask(refused).refused();
        assert_eq!(code, "AccessDenied", "{refused}");
        assert!(message.contains("assumed-role/reader/job"), "{message}");
    }
    // Without a session everybody is let in.
    query(
        client,
        None,
        "2010-05-15",
        "Action=ListStackResources&StackName=roles",
    )
    .good();
}

#[test]
fn unknown_operations_are_refused() {
    let endpoint = Endpoint::start();
    let (code, _) = endpoint.client.call("MakeCoffee", &[]).refused();
    assert_eq!(code, "InvalidAction");
    let (status, answer) = ssm(endpoint.client, "MakeCoffee", &json!({}));
    assert_eq!(
        (status, answer["__type"].as_str()),
        (400, Some("UnknownOperationException"))
    );
}

#[test]
fn parameters_that_a_stack_declares_can_be_read() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let template = |value: &str| {
        json!({"Resources": {"Version": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Name": "/tool/version", "Type": "String", "Value": value,
        }}}})
    };
    let read = || ssm(client, "GetParameter", &json!({"Name": "/tool/version"})).1;
    assert_eq!(read()["__type"], json!("ParameterNotFound"));
    client.create("tool", &template("21").to_string());
    assert_eq!(read()["Parameter"]["Value"], json!("21"));
    client.update("tool", &template("22").to_string());
    assert_eq!(read()["Parameter"]["Value"], json!("22"));
    assert_eq!(read()["Parameter"]["Version"], json!(2));
    let page = ssm(client, "GetParametersByPath", &json!({"Path": "/tool"})).1;
    assert_eq!(page["Parameters"][0]["Name"], json!("/tool/version"));
}

#[test]
fn parameters_are_kept_with_their_versions() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let put = |value: &str, overwrite: bool| {
        ssm(
            client,
            "PutParameter",
            &json!({"Name": "/a/b", "Value": value, "Type": "String", "Overwrite": overwrite}),
        )
    };
    assert_eq!(put("1", false).1["Version"], json!(1));
    assert_eq!(put("2", false).1["__type"], json!("ParameterAlreadyExists"));
    assert_eq!(put("2", true).1["Version"], json!(2));
    let (_, found) = ssm(client, "GetParameter", &json!({"Name": "/a/b"}));
    assert_eq!(found["Parameter"]["Value"], json!("2"));
    let (_, found) = ssm(client, "GetParametersByPath", &json!({"Path": "/a"}));
    assert_eq!(found["Parameters"].as_array().map(Vec::len), Some(1));
    ssm(client, "DeleteParameter", &json!({"Name": "/a/b"}));
    let (status, missing) = ssm(client, "GetParameter", &json!({"Name": "/a/b"}));
    assert_eq!(
        (status, &missing["__type"]),
        (400, &json!("ParameterNotFound"))
    );
}

#[test]
fn a_secret_is_shown_only_on_request() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    ssm(
        client,
        "PutParameter",
        &json!({"Name": "s", "Value": "hush", "Type": "SecureString"}),
    );
    let (_, hidden) = ssm(client, "GetParameter", &json!({"Name": "s"}));
    assert_ne!(hidden["Parameter"]["Value"], json!("hush"));
    let (_, shown) = ssm(
        client,
        "GetParameter",
        &json!({"Name": "s", "WithDecryption": true}),
    );
    assert_eq!(shown["Parameter"]["Value"], json!("hush"));
}

#[test]
fn what_is_described_has_no_values_and_what_is_missing_is_told() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    for (name, kind) in [
        ("/a/b/s", "SecureString"),
        ("/a/t", "String"),
        ("/b/s", "SecureString"),
    ] {
        ssm(
            client,
            "PutParameter",
            &json!({"Name": name, "Value": "hush", "Type": kind}),
        );
    }
    let names = |filters: Value| -> Vec<String> {
        let (_, found) = ssm(
            client,
            "DescribeParameters",
            &json!({"ParameterFilters": filters}),
        );
        assert!(!found.to_string().contains("hush"), "{found}");
        let found = found["Parameters"].as_array().unwrap().iter();
        found
            .map(|one| one["Name"].as_str().unwrap().to_owned())
            .collect()
    };
    let below = json!({"Key": "Path", "Option": "Recursive", "Values": ["/a"]});
    let secret = json!({"Key": "Type", "Values": ["SecureString"]});
    assert_eq!(names(json!([below])), ["/a/b/s", "/a/t"]);
    assert_eq!(names(json!([below, secret])), ["/a/b/s"]);
    assert_eq!(names(json!([{"Key": "Path", "Values": ["/a"]}])), ["/a/t"]);
    let named = json!([{"Key": "Name", "Option": "Equals", "Values": ["/b/s", "/c"]}]);
    assert_eq!(names(named), ["/b/s"]);
    let (status, _) = ssm(
        client,
        "DescribeParameters",
        &json!({"ParameterFilters": [{"Key": "tag:a", "Values": ["b"]}]}),
    );
    assert_eq!(status, 400);
    let (_, both) = ssm(
        client,
        "GetParameters",
        &json!({"Names": ["/a/b/s", "/c"], "WithDecryption": true}),
    );
    assert_eq!(both["Parameters"][0]["Value"], json!("hush"));
    assert_eq!(both["InvalidParameters"], json!(["/c"]));
}

#[test]
fn parameters_come_in_pages() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    for number in 0..23 {
        let name = format!("/p/{number:02}");
        ssm(
            client,
            "PutParameter",
            &json!({"Name": name, "Value": "v", "Type": "String"}),
        );
    }
    let mut found = Vec::new();
    let mut token = Value::Null;
    loop {
        let (_, page) = ssm(
            client,
            "GetParametersByPath",
            &json!({"Path": "/p", "NextToken": token}),
        );
        found.extend(
            page["Parameters"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["Name"].to_string()),
        );
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(found.len(), 23);
    assert!(found.is_sorted());
}

#[test]
fn objects_are_kept() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let send = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        client.send(method, path, headers, body).unwrap()
    };
    assert_eq!(send("HEAD", "/b", &[], b"").status, 404);
    assert_eq!(
        send("PUT", "/b/k", &[], b"x").text("Code").as_deref(),
        Some("NoSuchBucket")
    );
    assert_eq!(send("PUT", "/b", &[], b"").status, 200);
    assert_eq!(send("HEAD", "/b", &[], b"").status, 200);
    for key in ["a/1", "a/2", "b%20c", "d"] {
        assert_eq!(
            send(
                "PUT",
                &format!("/b/{key}"),
                &[("x-amz-meta-by", "me")],
                b"text"
            )
            .status,
            200
        );
    }
    let got = send("GET", "/b/b%20c", &[], b"");
    assert_eq!(got.body, "text");
    assert!(got.head.contains("x-amz-meta-by: me"), "{}", got.head);
    assert_eq!(
        send("GET", "/b/none", &[], b"").text("Code").as_deref(),
        Some("NoSuchKey")
    );
    let listed = send("GET", "/b?list-type=2&delimiter=%2F", &[], b"");
    assert_eq!(listed.all("Key"), ["b c", "d"]);
    assert_eq!(
        listed.text("CommonPrefixes").as_deref(),
        Some("<Prefix>a/</Prefix>")
    );
    let first = send("GET", "/b?list-type=2&max-keys=3", &[], b"");
    assert_eq!(first.text("IsTruncated").as_deref(), Some("true"));
    let token = first.text("NextContinuationToken").unwrap();
    let rest = send(
        "GET",
        &format!(
            "/b?list-type=2&continuation-token={}",
            token.replace(' ', "%20")
        ),
        &[],
        b"",
    );
    assert_eq!(rest.all("Key"), ["d"]);
    assert_eq!(
        send("PUT", "/b/d", &[("if-none-match", "*")], b"y").status,
        412
    );
    assert_eq!(send("DELETE", "/b/d", &[], b"").status, 204);
    assert_eq!(send("GET", "/b/d", &[], b"").status, 404);
}

#[test]
fn a_chunked_upload_is_put_together() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.send("PUT", "/b", &[], b"").unwrap();
    let headers = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("content-encoding", "aws-chunked"),
    ];
    let body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
    client.send("PUT", "/b/k", &headers, body).unwrap().good();
    assert_eq!(client.send("GET", "/b/k", &[], b"").unwrap().body, "hello");
}

#[test]
fn a_write_on_a_condition_is_refused_when_it_does_not_hold() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.send("PUT", "/b", &[], b"").unwrap();
    let put = |headers: &[(&str, &str)], body: &[u8]| {
        let answer = client.send("PUT", "/b/k", headers, body).unwrap();
        (answer.status, answer.text("Code"))
    };
    let code = |code: &str| Some(code.to_owned());
    assert_eq!(
        put(&[("if-match", "\"abc\"")], b"1"),
        (404, code("NoSuchKey"))
    );
    assert_eq!(put(&[("if-none-match", "*")], b"1"), (200, None));
    let refused = (412, code("PreconditionFailed"));
    assert_eq!(put(&[("if-none-match", "*")], b"2"), refused);
    assert_eq!(put(&[("if-none-match", "abc")], b"2").0, 501);
    let tag = || {
        let head = client.send("GET", "/b/k", &[], b"").unwrap().head;
        let line = head.lines().find_map(|line| line.strip_prefix("etag: "));
        line.unwrap().trim().to_owned()
    };
    let first = tag();
    assert_eq!(put(&[("if-match", &first)], b"2"), (200, None));
    assert_eq!(put(&[("if-match", &first)], b"3"), refused);
    assert_eq!(
        put(&[("if-match", tag().trim_matches('"'))], b"3"),
        (200, None)
    );
    assert_eq!(client.send("GET", "/b/k", &[], b"").unwrap().body, "3");
    let delete = |headers: &[(&str, &str)]| client.send("DELETE", "/b/k", headers, b"").unwrap();
    assert_eq!(delete(&[("if-match", &first)]).status, 412);
    assert_eq!(delete(&[("if-match", &tag())]).status, 204);
    assert_eq!(put(&[("if-none-match", "*")], b"4"), (200, None));
}

#[test]
fn a_bucket_of_another_account_than_expected_is_refused() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.send("PUT", "/b", &[], b"").unwrap();
    let put = |owner: &str| {
        let headers = [("x-amz-expected-bucket-owner", owner)];
        client.send("PUT", "/b/k", &headers, b"1").unwrap().status
    };
    assert_eq!(put("111122223333"), 403);
    assert_eq!(put("000000000000"), 200);
}
