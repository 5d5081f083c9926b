//! The OpenAPI document: <https://spec.openapis.org/oas/v3.1.0>.
//!
//! It is made here, stands in `api/openapi.json` for readers, and is served as it stands there; a test holds the two
//! together, and independent software holds the running service against it.

use serde_json::{Map, Value, json};

/// The document as it is served.
pub(crate) const TEXT: &str = include_str!("../openapi.json");

/// What a refusal of each status may be called.
const PROBLEMS: [(u16, &[&str]); 14] = [
    (
        400,
        &[
            "malformed-request",
            "invalid-signature",
            "livemode-mismatch",
        ],
    ),
    (401, &["unauthorized"]),
    (402, &["subscription-required"]),
    (403, &["forbidden"]),
    (404, &["not-found"]),
    (405, &["method-not-allowed"]),
    (408, &["request-timeout"]),
    (409, &["room-full"]),
    (413, &["payload-too-large"]),
    (415, &["unsupported-media-type"]),
    (422, &["invalid-request"]),
    (429, &["quota-exceeded", "rate-limited"]),
    (502, &["upstream-unavailable"]),
    (503, &["not-configured", "upstream-unavailable"]),
];

/// What every protected endpoint may answer.
const PROTECTED: [u16; 5] = [401, 402, 429, 502, 503];

/// What every endpoint that takes JSON may answer besides.
const WITH_BODY: [u16; 5] = [400, 408, 413, 415, 422];

/// A media type, parameters without quotes: <https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1>.
const MEDIA_TYPE: &str = concat!(
    "^[A-Za-z0-9!#$%&'*+.^_`|~-]+/[A-Za-z0-9!#$%&'*+.^_`|~-]+",
    "(; ?[A-Za-z0-9!#$%&'*+.^_`|~-]+=[A-Za-z0-9!#$%&'*+.^_`|~-]+)*$"
);

/// Makes the document.
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Chitchatter Pro",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "TURN credentials, video sessions, file links and webhooks. Refusals are problem documents (RFC 9457) whose `type` a client can switch on.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths(),
        "components": {
            "securitySchemes": {"cognito": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token of a Cognito user pool.",
            }},
            "schemas": schemas(),
            "responses": responses(),
        },
    })
}

fn paths() -> Value {
    json!({
        "/api/health": {"get": {
            "operationId": "health",
            "summary": "Whether the service lives, and what of it is ready",
            "responses": {
                "200": answer("It is ready.", "Health"),
                "503": answer("The database does not answer, or needs a migration.", "Health"),
            },
        }},
        "/api/openapi.json": {"get": {
            "operationId": "openapi",
            "summary": "This document",
            "responses": with_problems(&[], ("200", json!({
                "description": "An OpenAPI document.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }))),
        }},
        "/api/instance": {"get": {
            "operationId": "instance",
            "summary": "The caller's own instance, its subscription and what of it is used",
            "security": [{"cognito": []}],
            "responses": with_problems(&[&PROTECTED], ("200", answer("The instance.", "Instance"))),
        }},
        "/api/s3-upload-url": {"post": operation(
            "uploadUrl",
            "Reserves room for a file and signs the request that uploads it",
            ("UploadRequest", true),
            &[404],
            ("201", answer("A signed request, to be sent with exactly these headers.", "Upload")),
        )},
        "/api/s3-download-url": {"post": operation(
            "downloadUrl",
            "Signs the request that downloads a file of the instance",
            ("DownloadRequest", true),
            &[403, 404],
            ("200", answer("A signed URL.", "Download")),
        )},
        "/api/turn-credentials": {"post": operation(
            "turnCredentials",
            "Counts an allocation and issues credentials of TURN servers",
            ("TurnRequest", false),
            &[404],
            ("200", answer("Servers and credentials.", "TurnCredentials")),
        )},
        "/api/video-session": {"post": operation(
            "videoSession",
            "Lets the caller into the one meeting of a room, and makes it if there is none",
            ("VideoRequest", true),
            &[404, 409],
            ("200", answer("Meeting and attendee, as the Chime SDK for JavaScript takes them.", "VideoSession")),
        )},
        "/api/stripe-webhook": {"post": {
            "operationId": "stripeWebhook",
            "summary": "Takes an event of Stripe's, once",
            "parameters": [{
                "name": "Stripe-Signature", "in": "header", "required": true, "schema": {"type": "string"},
                "description": "The time and the signatures of the raw body.",
            }],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object"}}}},
            "responses": with_problems(&[&[400, 408, 413, 503]], ("200", answer("It is taken.", "Received"))),
        }},
    })
}

/// A protected operation with a body.
fn operation(
    id: &str,
    summary: &str,
    (request, is_required): (&str, bool),
    problems: &[u16],
    answer: (&str, Value),
) -> Value {
    json!({
        "operationId": id,
        "summary": summary,
        "security": [{"cognito": []}],
        "requestBody": {"required": is_required, "content": {"application/json": {"schema": schema(request)}}},
        "responses": with_problems(&[&PROTECTED, &WITH_BODY, problems], answer),
    })
}

fn with_problems(statuses: &[&[u16]], (status, answer): (&str, Value)) -> Value {
    let mut all: Vec<u16> = statuses.concat();
    all.push(429);
    all.sort_unstable();
    all.dedup();
    let mut responses = Map::new();
    responses.insert(status.to_owned(), answer);
    for status in all {
        let name = format!("#/components/responses/Problem{status}");
        responses.insert(status.to_string(), json!({"$ref": name}));
    }
    Value::Object(responses)
}

fn answer(description: &str, name: &str) -> Value {
    json!({
        "description": description,
        "content": {"application/json": {"schema": schema(name)}},
    })
}

fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn responses() -> Value {
    let responses = PROBLEMS.iter().map(|(status, names)| {
        let types: Vec<String> = names
            .iter()
            .map(|name| format!("https://chitchatter.im/problems/{name}"))
            .collect();
        let refined = json!({"allOf": [
            schema("Problem"),
            {"properties": {"type": {"enum": types}, "status": {"const": status}}},
        ]});
        let response = json!({
            "description": names.join(", "),
            "content": {"application/problem+json": {"schema": refined}},
        });
        (format!("Problem{status}"), response)
    });
    Value::Object(responses.collect())
}

fn schemas() -> Value {
    json!({
        "InstanceId": {"type": "string", "pattern": "^[a-z2-7]{10}$", "description": "The paying customer's space; by default the caller's own."},
        "Time": {"type": "string", "format": "date-time", "pattern": "Z$"},
        "Problem": object(&[
            ("type", json!({"type": "string", "format": "uri"})),
            ("title", json!({"type": "string"})),
            ("status", json!({"type": "integer"})),
            ("detail", json!({"type": "string"})),
            ("requestId", json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"})),
        ], &[
            ("errors", list(object(&[
                ("path", json!({"type": "string"})),
                ("message", json!({"type": "string"})),
            ], &[]))),
            ("quota", json!({"enum": ["turn", "video", "storage", "guest"]})),
            ("limit", count()),
            ("used", count()),
            ("resetsAt", schema("Time")),
        ]),
        "Health": object(&[
            ("status", json!({"enum": ["ok", "failing"]})),
            ("version", json!({"type": "string"})),
            ("checks", {
                let check = json!({"enum": ["ok", "disabled", "failing", "needs-migration"]});
                let names = ["database", "cognito", "turn", "stripe", "video", "files"];
                object(&names.map(|name| (name, check.clone())), &[])
            }),
        ], &[]),
        "Usage": object(&[("used", count()), ("limit", count()), ("resetsAt", schema("Time"))], &[]),
        "Instance": object(&[
            ("instanceId", schema("InstanceId")),
            ("subscription", object(&[
                ("status", json!({"type": "string"})),
                ("plan", json!({"type": ["string", "null"]})),
                ("currentPeriodEnd", json!({"anyOf": [schema("Time"), {"type": "null"}]})),
            ], &[])),
            ("usage", object(&["turn", "video", "storage"].map(|name| (name, schema("Usage"))), &[])),
        ], &[]),
        "TurnRequest": request(&[], &[("instanceId", nullable(&schema("InstanceId")))]),
        "TurnCredentials": object(&[
            ("instanceId", schema("InstanceId")),
            ("iceServers", list(object(
                &[("urls", list(json!({"type": "string"})))],
                &[("username", json!({"type": "string"})), ("credential", json!({"type": "string"}))],
            ))),
            ("ttl", count()),
            ("expiresAt", schema("Time")),
            ("remaining", count()),
        ], &[]),
        "VideoRequest": request(&[("roomId", identifier())], &[
            ("instanceId", nullable(&schema("InstanceId"))),
            ("deviceId", nullable(&identifier())),
        ]),
        "VideoSession": object(&[
            ("instanceId", schema("InstanceId")),
            ("meeting", object(&[
                ("MeetingId", json!({"type": "string"})),
                ("MediaPlacement", json!({"type": "object", "additionalProperties": {"type": "string"}})),
            ], &[])),
            ("attendee", object(&["AttendeeId", "ExternalUserId", "JoinToken"].map(|name| (name, json!({"type": "string"}))), &[])),
            ("remainingMinutes", count()),
        ], &[]),
        "UploadRequest": request(&[
            ("size", json!({"type": "integer", "minimum": 1, "maximum": 1_073_741_824, "description": "In bytes. The plan may allow less."})),
            ("contentType", json!({"type": "string", "maxLength": 255, "pattern": MEDIA_TYPE, "examples": ["application/octet-stream"], "description": "The plan may allow only some."})),
        ], &[("instanceId", nullable(&schema("InstanceId")))]),
        "Upload": object(&[
            ("instanceId", schema("InstanceId")),
            ("key", schema("FileKey")),
            ("url", json!({"type": "string", "format": "uri"})),
            ("method", json!({"const": "PUT"})),
            ("headers", json!({"type": "object", "additionalProperties": {"type": "string"}})),
            ("expiresAt", schema("Time")),
            ("remainingBytes", count()),
        ], &[]),
        "FileKey": {"type": "string", "pattern": "^instances/[a-z2-7]{10}/[a-z2-7]{26}$", "description": "Whoever knows it may download the file."},
        "DownloadRequest": request(
            &[("key", schema("FileKey"))],
            &[("instanceId", nullable(&schema("InstanceId")))],
        ),
        "Download": object(&[
            ("url", json!({"type": "string", "format": "uri"})),
            ("expiresAt", schema("Time")),
            ("size", count()),
        ], &[]),
        "Received": object(&[("received", json!({"const": true}))], &[]),
    })
}

/// An object that has these members, and may have those.
fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    let properties = required.iter().chain(optional);
    let properties: Map<String, Value> = properties
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({"type": "object", "required": names, "properties": properties})
}

/// An object that a caller sends: what is not known is refused.
fn request(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let mut schema = object(required, optional);
    schema["additionalProperties"] = json!(false);
    schema
}

fn nullable(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn list(items: impl Into<Value>) -> Value {
    json!({"type": "array", "items": items.into()})
}

/// A name that callers choose.
fn identifier() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}
